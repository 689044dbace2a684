from llmlab.artifacts.documents import make_document
from llmlab.shards.encode import ShardConfig, encode_documents


def document(text, lang="english", kind="prose"):
    return make_document(lang=lang, kind=kind, text=text, source="s", group="g")


def test_each_document_is_its_opening_its_text_and_its_end(tokenizer):
    texts = ["The fox.\n", "", "<|eos|> is text", "从前"]
    documents = [document(text, "chinese" if text == "从前" else "english") for text in texts]
    special = tokenizer.special
    for made, original in zip(encode_documents(documents, tokenizer, ShardConfig()), documents, strict=True):
        opening = [special["<|bos|>"], special[f"<|lang:{original.lang}|>"]]
        assert made.ids == [*opening, *tokenizer.encode(original.text), special["<|eos|>"]]
        assert made.ids.count(special["<|eos|>"]) == 1
        assert tokenizer.decode(made.ids) == original.text
        assert made.text_bytes == len(original.text.encode())
        assert (made.id, made.lang, made.kind) == (original.id, original.lang, original.kind)


def test_order_and_count_survive_the_chunks(tokenizer):
    documents = [document(f"fox {n}") for n in range(600)]
    made = list(encode_documents(iter(documents), tokenizer, ShardConfig()))
    assert [each.id for each in made] == [each.id for each in documents]


def test_other_kinds_are_left_out(tokenizer):
    documents = [document("a", kind="prose"), document("b", kind="code"), document("c", kind="dialogue")]
    made = encode_documents(documents, tokenizer, ShardConfig(kinds=["code", "verse"]))
    assert [each.kind for each in made] == ["code"]


def test_a_language_without_a_tag_is_refused(tokenizer, refuses):
    documents = [document("x", lang="klingon")]
    refuses(["klingon"], lambda: list(encode_documents(documents, tokenizer, ShardConfig())))
