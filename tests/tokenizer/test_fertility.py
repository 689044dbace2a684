from llmlab.tokenizer.char import train_char
from llmlab.tokenizer.fertility import fertility


def test_figures_against_a_count_by_hand():
    trained = train_char(["ab 中c"], ["english"])
    # 3 + 3 characters, 3 + 5 bytes, words "ab" and "中c"; of six tokens only 中 has more than one byte.
    assert fertility(trained, ["ab ", "中c"]) == {
        "tokens": 5,
        "bytes": 7,
        "bytes_per_token": 1.4,
        "tokens_per_character": 1.0,
        "tokens_per_word": 2.5,
        "single_byte_share": 0.8,
    }


def test_bytes_do_not_depend_on_the_tokenizer(tokenizer, char_tokenizer):
    texts = ["The fox met a crow.", "从前有一个小村庄"]
    spm, char = fertility(tokenizer, texts), fertility(char_tokenizer, texts)
    assert spm["bytes"] == char["bytes"] == sum(len(text.encode()) for text in texts)
    assert spm["tokens"] < char["tokens"]


def test_no_text_divides_by_nothing(tokenizer):
    assert fertility(tokenizer, []) == dict.fromkeys(fertility(tokenizer, ["a"]), 0)
