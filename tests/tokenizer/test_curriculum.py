from collections import Counter

from llmlab.tokenizer.curriculum import BLOCKS, add_whole, count, into_blocks
from tests.tokenizer.test_domain import Notes


def test_whole_segments_are_those_that_save_most():
    tokens = [bytes([byte]) for byte in range(256)]
    add_whole(tokens, Counter({b"abc": 10, b"xy": 15, b"q": 99, b"once": 1}), 1)
    assert tokens[256:] == [b"abc"]


def test_what_is_counted():
    counted = count(Notes(), ["at: 12 b!!\n"])
    assert counted.whole == Counter({b"at:": 1, b"12": 1})
    assert counted.pieces == Counter({b"at:": 1, b" ": 1, b" b": 1, b"\xc0": 1, b"\n": 1})
    assert counted.runs == Counter({b"at: ": 1, b" b\xc0": 1, b"\n": 1})


def test_blocks_are_the_texts_in_their_order_and_about_equally_long():
    texts = [f"{number:05}" * (1 + number % 3) for number in range(1000)]
    blocks = list(into_blocks(["", *texts]))
    assert [text for block in blocks for text in block] == texts
    assert BLOCKS - 2 <= len(blocks) <= BLOCKS
    assert list(into_blocks(["a", "b"])) == [["a"], ["b"]]
