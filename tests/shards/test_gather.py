import numpy as np

from llmlab.artifacts.documents import make_document, write_documents
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import read_shard, write_shard
from llmlab.shards.gather import byte_shard, byte_tokenizer, gather, spread_batches
from llmlab.tokenizer.base import tokenizer_hash

DOCUMENTS = [
    make_document(lang=lang, kind="prose", text=text, source="s", group=text[:1])
    for lang, text in (("english", "One morning"), ("chinese", "春天"), ("english", "x" * 40))
]


def test_what_is_gathered_is_what_a_file_would_give_back(tmp_path):
    tokenizer = byte_tokenizer()
    encoded = list(encode_documents(DOCUMENTS, tokenizer, ShardConfig()))
    write_shard(tmp_path / "shard", encoded, tokenizer_hash(tokenizer), tokenizer.vocab_size)
    write_documents(tmp_path / "train.parquet", DOCUMENTS)
    for found in (gather(encoded), byte_shard(tmp_path / "train.parquet")):
        stored = read_shard(tmp_path / "shard", tokenizer_hash(tokenizer))
        for name in ("ids", "starts", "text_bytes"):
            assert np.array_equal(getattr(found, name), getattr(stored, name))
        for name in ("languages", "kinds", "document_ids"):
            assert getattr(found, name) == getattr(stored, name)


def test_nothing_to_gather_is_refused(refuses):
    refuses(["no document"], gather, [])


def test_batches_are_spread_over_the_whole_set():
    shard = gather(encode_documents(DOCUMENTS * 4, byte_tokenizer(), ShardConfig()))
    whole = spread_batches(shard, 8, 2, 10_000)
    assert sum(batch.counted for batch in whole) == len(shard.ids) - 1
    some = spread_batches(shard, 8, 2, len(shard.ids) // 2)
    assert [batch.name for batch in some] == [
        whole[number * len(whole) // len(some)].name for number in range(len(some))
    ]
    assert 0 < len(some) < len(whole)
