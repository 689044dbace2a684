import numpy as np

from llmlab.artifacts.documents import make_document
from llmlab.shards.byte_shard import byte_tokenizer
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import read_shard, write_shard
from llmlab.shards.gather import gather
from llmlab.tokenizer.base import tokenizer_hash

DOCUMENTS = [
    make_document(lang=lang, kind="prose", text=text, source="s", group=text[:1])
    for lang, text in (("english", "One morning"), ("chinese", "春天"), ("english", "x" * 40))
]


def test_what_is_gathered_is_what_a_file_would_give_back(tmp_path):
    tokenizer = byte_tokenizer()
    encoded = list(encode_documents(DOCUMENTS, tokenizer, ShardConfig()))
    write_shard(tmp_path / "shard", encoded, tokenizer_hash(tokenizer), tokenizer.vocab_size)
    found, stored = gather(encoded), read_shard(tmp_path / "shard", tokenizer_hash(tokenizer))
    for name in ("ids", "starts", "text_bytes"):
        assert np.array_equal(getattr(found, name), getattr(stored, name))
    for name in ("languages", "kinds", "document_ids"):
        assert getattr(found, name) == getattr(stored, name)


def test_nothing_to_gather_is_refused(refuses):
    refuses(["no document"], gather, [])
