from collections import Counter

from llmlab.tokenizer.curriculum import add_whole, count, idle
from tests.tokenizer.test_domain import Notes


def test_idle_hides_the_steps_and_then_the_cheapest():
    tokens = [bytes([byte]) for byte in range(256)] + [b"ab", b"abc", b"de", b"fg"]
    used = [0] * 256 + [1, 50, 3, 9]
    assert idle(tokens, used, [], 2) == {256, 258}
    # Without `ab` the token `abc` would cost two tokens more a use: it stays, and `fg` goes.
    assert idle(tokens, used, [], 3) == {256, 258, 259}
    assert idle(tokens, used, [259], 2) == {256, 259}


def test_whole_segments_are_those_that_save_most():
    tokens = [bytes([byte]) for byte in range(256)]
    steps = add_whole(tokens, Counter({b"abc": 10, b"xy": 15, b"q": 99, b"once": 1}), 1)
    assert tokens[256:] == [b"ab", b"abc"]
    assert steps == {256}


def test_what_is_counted():
    counted = count(Notes(), ["at: 12 b!!\n"])
    assert counted.whole == Counter({b"at:": 1, b"12": 1})
    assert counted.pieces == Counter({b"at:": 1, b" ": 1, b" b": 1, b"\xc0": 1, b"\n": 1})
    assert counted.runs == Counter({b"at: ": 1, b" b\xc0": 1, b"\n": 1})
