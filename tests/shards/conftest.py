"""Shards of numbered ids: document d, place p is the id 1000 d + p, so that every id says where it came from."""

import pytest

from llmlab.shards.format import EncodedDocument, read_shard, write_shard

HASH = "ab" * 32
LENGTHS = [7, 40, 3, 3, 95, 1, 16, 17, 33, 12]


def numbered(lengths):
    return [
        EncodedDocument(f"id{d}", ["english", "chinese"][d % 2], "prose", 5 * n, [1000 * d + p for p in range(n)])
        for d, n in enumerate(lengths)
    ]


@pytest.fixture
def make_shard(tmp_path):
    def make(lengths=LENGTHS, vocab=60_000):
        write_shard(tmp_path / "shard", numbered(lengths), HASH, vocab)
        return read_shard(tmp_path / "shard", HASH)

    return make
