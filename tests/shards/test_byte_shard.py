from llmlab.artifacts.documents import make_document, write_documents
from llmlab.shards.byte_shard import byte_shard, byte_tokenizer, spread_batches

DOCUMENTS = [
    make_document(lang=lang, kind="prose", text=text, source="s", group=text[:1])
    for lang, text in (("english", "One morning"), ("chinese", "春天"), ("english", "x" * 40))
]


def test_a_file_of_documents_comes_back_from_its_bytes(tmp_path):
    write_documents(tmp_path / "train.parquet", DOCUMENTS)
    shard, tokenizer = byte_shard(tmp_path / "train.parquet"), byte_tokenizer()
    assert shard.languages == ["english", "chinese", "english"]
    for number, document in enumerate(DOCUMENTS):
        assert shard.text_bytes[number] == len(document.text.encode())
        assert tokenizer.decode(list(shard.document(number))).endswith(document.text)


def test_batches_are_spread_over_the_whole_set(tmp_path):
    write_documents(tmp_path / "train.parquet", DOCUMENTS * 4)
    shard = byte_shard(tmp_path / "train.parquet")
    whole = spread_batches(shard, 8, 2, 10_000)
    assert sum(batch.counted for batch in whole) == len(shard.ids) - 1
    some = spread_batches(shard, 8, 2, len(shard.ids) // 2)
    assert [batch.name for batch in some] == [
        whole[number * len(whole) // len(some)].name for number in range(len(some))
    ]
    assert 0 < len(some) < len(whole)
