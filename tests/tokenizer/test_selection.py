from collections import Counter

import numpy as np

from llmlab.tokenizer.fewest import Speller
from llmlab.tokenizer.selection import keep_useful, losses, shared, uses

BYTES = [bytes([byte]) for byte in range(256)]


def test_uses_are_those_of_the_shortest_spelling():
    tokens = [*BYTES, b"ab", b"bcd"]
    used = uses(Speller(tokens), len(tokens), {b"abcd": 3, b"ab": 2})
    assert {tokens[rank]: used[rank] for rank in np.flatnonzero(used)} == {b"a": 3, b"bcd": 3, b"ab": 2}


def test_what_saves_least_goes_first_and_the_rest_is_in_order_of_use():
    tokens = [*BYTES, b"ab", b"abc", b"xyz"]
    blocks = [Counter({b"abc": 9, b"xyz": 8, b"ab": 1, b"a": 4})]
    kept = keep_useful(tokens, blocks, {}, 258)
    assert set(tokens) - set(kept) == {b"ab"}
    assert kept[:3] == [b"abc", b"xyz", b"a"]


def test_a_token_of_one_block_alone_saves_nothing():
    blocks = [Counter({b"own": 100, b"any": 2})] + [Counter({b"any": 2})] * 3
    assert b"any" in keep_useful([*BYTES, b"own", b"any"], blocks, {}, 257)
    assert b"own" in keep_useful([*BYTES, b"own", b"any"], blocks[:1], {}, 257)


def test_a_token_that_stands_alone_saves_its_letters():
    tokens = [*BYTES, b"number", b"ab"]
    speller = Speller(tokens)
    loss = losses(speller, tokens, np.stack([uses(speller, len(tokens), {b"ab": 4})]), np.eye(len(tokens))[256] * 2)
    assert loss[256] == 10
    assert 4 <= loss[257] < 4.1
    assert np.isinf(loss[:256]).all()


def test_what_blocks_share_leaves_the_loudest_out():
    blocks = [Counter(a=5, b=1), Counter(a=4), Counter(a=1, c=7), Counter()]
    assert shared(blocks, 2) == Counter(a=7, b=1, c=2)
    assert shared(blocks[:3], 2) == Counter(a=10, b=1, c=7)
