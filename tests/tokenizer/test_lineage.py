from llmlab.tokenizer.lineage import Merge, lineage

RANKS = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"cd": 257, b"abcd": 258, b"xyz": 259}


def test_merges_come_in_the_order_learned():
    assert lineage(b"abcd", RANKS) == [Merge(256, b"a", b"b"), Merge(257, b"c", b"d"), Merge(258, b"ab", b"cd")]
    assert lineage(b"ab", RANKS) == [Merge(256, b"a", b"b")]


def test_a_byte_and_a_token_without_merges_have_none():
    assert lineage(b"a", RANKS) == []
    assert lineage(b"xyz", RANKS) == []


def test_each_merge_joins_what_is_older(bpe):
    longest = max(bpe.model.tokens, key=len)
    made = {bytes([byte]) for byte in range(256)}
    for merge in lineage(longest, bpe.ranks):
        assert {merge.left, merge.right} <= made
        made.add(merge.left + merge.right)
    assert longest in made
