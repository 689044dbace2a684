import io
import random

import pytest
import sentencepiece

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.spm import SpmTokenizer, train_spm, train_unigram

TEXT = ["The fox met the crow. " * 20, "[ :each | each value ] " * 20]


def test_every_string_comes_back_exactly(tokenizer, strings):
    for text, ids in zip(strings, tokenizer.encode_batch(strings), strict=True):
        assert tokenizer.decode(ids) == text
        assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()


def test_text_never_produces_a_special_token(tokenizer, strings):
    special = set(tokenizer.special.values())
    unknown = {
        token for token in range(tokenizer.vocab_size) if token not in special and not tokenizer.token_bytes(token)
    }
    for ids in tokenizer.encode_batch(strings):
        assert not (special | unknown).intersection(ids)


def test_special_tokens_spelt_in_text_stay_text(tokenizer, specials):
    for name in specials:
        ids = tokenizer.encode(f"a{name}b")
        assert tokenizer.special[name] not in ids
        assert tokenizer.decode(ids) == f"a{name}b"


def test_batch_is_one_by_one(tokenizer, strings):
    some = strings[:500]
    assert tokenizer.encode_batch(some) == [tokenizer.encode(text) for text in some]
    assert tokenizer.encode_batch([]) == []


def test_ids_are_sentencepieces_own_where_that_is_lossless(tokenizer, strings):
    raw = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model_bytes())
    lossless = [text for text in strings if "\0" not in text and raw.decode(raw.encode(text)) == text]
    assert len(lossless) > 3000
    for text in lossless:
        assert tokenizer.encode(text) == raw.encode(text)


def test_what_sentencepiece_itself_loses_is_why_we_escape(tokenizer):
    raw = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model_bytes())
    assert raw.decode(raw.encode("a\u2581b")) == "a b"
    assert tokenizer.decode(tokenizer.encode("a\u2581b")) == "a\u2581b"


@pytest.mark.parametrize(("text", "code", "place"), [("\ud800", "U+D800", "0"), ("ab\udfffc", "U+DFFF", "2")])
def test_lone_surrogates_are_refused_with_their_place(tokenizer, refuses, text, code, place):
    refuses([code, f"character {place}"], tokenizer.encode, text)
    refuses([code], tokenizer.encode_batch, ["fine", text])
    refuses([code], train_spm, ["fine " * 50, text], TokenizerConfig(vocab_size=318), ["english"])


def test_broken_utf8_becomes_the_replacement_character(tokenizer):
    euro = tokenizer.encode("🙂")
    assert len(euro) == 4  # bytes, since the training text has no such character
    assert tokenizer.decode(euro[:2]) == "\ufffd"
    assert tokenizer.decode([*tokenizer.encode("a"), euro[0], *tokenizer.encode("b")]) == "a\ufffdb"
    random_ = random.Random(1)
    for _ in range(300):
        ids = [random_.randrange(tokenizer.vocab_size) for _ in range(20)]
        expected = b"".join(map(tokenizer.token_bytes, ids)).decode("utf-8", "replace")
        assert tokenizer.decode(ids) == expected


def test_special_tokens_vanish_in_text(tokenizer):
    ids = [*tokenizer.special.values(), *tokenizer.encode("fox"), tokenizer.special["<|eos|>"]]
    assert tokenizer.decode(ids) == "fox"


@pytest.mark.parametrize("token", [-1, 420, 10**9])
def test_ids_outside_the_vocabulary_are_refused(tokenizer, refuses, token):
    refuses([str(token), "420"], tokenizer.decode, [token])


def test_the_vocabulary_is_as_asked_and_specials_come_first(tokenizer, specials):
    assert tokenizer.vocab_size == 420
    assert dict(tokenizer.special) == {name: token for token, name in enumerate(specials)}
    assert sorted(tokenizer.token_bytes(token) for token in range(420)).count(b"") == len(specials) + 1  # and unknown
    singles = {tokenizer.token_bytes(token) for token in range(420)}
    assert {bytes([byte]) for byte in range(256)} <= singles


def test_merges_shorten_text_like_the_training_text(tokenizer):
    text = "every evening the sea"
    assert len(tokenizer.encode(text)) < len(text) / 2


def test_the_same_text_gives_the_same_bytes():
    first, second = (train_spm(TEXT, TokenizerConfig(vocab_size=328), ["english"]) for _ in range(2))
    assert first.model_bytes() == second.model_bytes()


def test_digits_are_single_tokens():
    trained = train_spm(["call 12345 12345 12345 now. " * 40], TokenizerConfig(vocab_size=322), ["english"])
    assert [trained.token_bytes(token) for token in trained.encode("12345")] == [b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize("texts", [[], [""], ["  \n "], ["\0\u2581"]])
def test_no_text_is_refused(refuses, texts):
    refuses(["no text", "metrics"], train_spm, texts, TokenizerConfig(), ["english"])


def test_a_vocabulary_that_the_text_cannot_fill_or_hold_is_refused(refuses):
    words = ["SentencePiece could not learn", "tokenizer.vocab_size"]
    refuses([*words, "50000"], train_spm, TEXT, TokenizerConfig(vocab_size=50_000), ["english"])
    alphabet = ["".join(map(chr, range(0x4E00, 0x5000)))] * 2
    refuses([*words, "300"], train_spm, alphabet, TokenizerConfig(vocab_size=300, character_coverage=1.0), ["chinese"])


@pytest.mark.parametrize("model", [b"", b"not a model", b"\xff" * 100])
def test_bytes_that_are_no_model_are_refused(refuses, model):
    refuses(["model file is broken", "train_tokenizer"], SpmTokenizer, model)


def test_half_a_model_is_refused(tokenizer, refuses):
    whole = tokenizer.model_bytes()
    refuses(["model file is broken"], SpmTokenizer, whole[: len(whole) // 2 + 1])


def test_the_longest_token_is_bounded():
    trained = train_spm(TEXT, TokenizerConfig(vocab_size=328, max_piece_length=3), ["english"])
    assert max(len(trained.token_bytes(token).decode("utf-8", "replace")) for token in range(trained.vocab_size)) == 3


def test_a_plain_protobuf_of_another_trainer_loads_too():
    """The class reads any byte-fallback model, so an older one keeps working."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(TEXT), model_writer=model, vocab_size=300, byte_fallback=True, minloglevel=2,
        normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False, model_type="bpe",
    )  # fmt: skip
    loaded = SpmTokenizer(model.getvalue())
    assert loaded.decode(loaded.encode("The  fox \u2581\0中")) == "The  fox \u2581\0中"


def test_a_text_cut_at_the_end_of_a_line_keeps_its_tokens(tokenizer, strings):
    """So a prompt that ends with a line is continued by the tokens that followed it in training."""
    for before, after in zip(strings[:1000:2], strings[1:1000:2], strict=True):
        start = before.rstrip("\n")
        cut, whole = tokenizer.encode(start), tokenizer.encode(f"{start}\n{after}")
        assert whole[: len(cut)] == cut
        assert tokenizer.decode(whole[len(cut) :]) == f"\n{after}"


@pytest.fixture(scope="module")
def unigram(prose):
    return train_unigram(prose, TokenizerConfig(kind="unigram", vocab_size=600), ["english"])


def test_unigram_brings_every_string_back_and_gives_sentencepieces_own_ids(unigram, strings):
    raw = sentencepiece.SentencePieceProcessor(model_proto=unigram.model_bytes())
    for text, ids in zip(strings, unigram.encode_batch(strings), strict=True):
        assert unigram.decode(ids) == text
        if not set("\u2581\0\n").intersection(text):
            assert ids == raw.encode(text)


def test_unigram_takes_the_likeliest_spelling(unigram):
    """Against all spellings of a few words, by the scores of the model."""
    raw = sentencepiece.SentencePieceProcessor(model_proto=unigram.model_bytes())
    scores = {unigram.token_bytes(token): raw.GetScore(token) for token in range(600) if not raw.IsByte(token)}

    def best(word):
        ways = [scores[word[:end]] + best(word[end:]) for end in range(1, len(word) + 1) if word[:end] in scores]
        return max(ways, default=-1e9) if word else 0.0

    for word in (b"constgra", b" balance", b"ifTrue:", b"printString"):
        ids = unigram.encode(word.decode())
        assert sum(raw.GetScore(token) for token in ids) == pytest.approx(best(word), abs=1e-3)


def test_unigram_refuses_what_spm_refuses(unigram, refuses):
    refuses(["U+D801"], unigram.encode, "a\ud801")
    refuses(["no text"], train_unigram, [], TokenizerConfig(), ["english"])
    refuses(["could not learn 4096 tokens"], train_unigram, ["The fox. " * 9], TokenizerConfig(), ["english"])
