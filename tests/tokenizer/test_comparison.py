from llmlab.tokenizer.byte import make_byte
from llmlab.tokenizer.comparison import measure
from llmlab.tokenizer.fertility import fertility

TEXTS = {"a": "The fox met a crow.\n" * 20, "b": "从前有一个小村庄。\n"}


def test_figures_are_those_of_fertility_for_each_file_and_for_all(bpe):
    found = measure(bpe, TEXTS)
    assert found["kind"] == "bpe"
    assert found["vocab_size"] == bpe.vocab_size
    for name, text in TEXTS.items():
        assert found["files"][name].items() >= fertility(bpe, [text]).items()
    assert found["all"].items() >= fertility(bpe, TEXTS.values()).items()
    assert found["all"]["exact"] is True
    assert found["all"]["encode_mb_s"] > 0 < found["all"]["decode_mb_s"]


def test_a_text_that_does_not_come_back_is_told():
    class Lossy(type(make_byte([]))):
        def decode(self, ids):
            return super().decode(ids).replace("从", "X")

    found = measure(Lossy(make_byte([]).model_bytes()), TEXTS)
    assert [found["files"][name]["exact"] for name in TEXTS] == [True, False]
    assert found["all"]["exact"] is False
    assert found["all"]["bytes_per_token"] == 1
