"""The sums and the rules of the study tokenizer-faceoff, on made figures with known answers."""

import importlib
import math
from pathlib import Path

import pytest

from llmlab.artifacts.documents import make_document
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.byte import make_byte

STUDY = Path(__file__).parents[2] / "studies" / "tokenizer-faceoff"
NAMES = ("cells", "finalists", "gather", "models", "plot", "run", "tables")


def module(name):
    return importlib.import_module(name)


def document(text, group="g"):
    return make_document(lang="english", kind="prose", text=text, source="s", group=group)


def row(kind, size=4096, exact=True, bytes_per_token=3.0, renyi=0.5):
    figures = {"bytes_per_token": bytes_per_token, "renyi": renyi}
    return {"kind": kind, "corpus": "mixed", "size": size, "exact": exact, "all": figures}


def test_renyi_efficiency_of_closed_forms():
    efficiency = module("cells").renyi_efficiency
    assert efficiency([7] * 16, 16) == pytest.approx(1)
    assert efficiency([7] * 16, 256) == pytest.approx(0.5)
    assert efficiency([9], 16) == pytest.approx(0)
    # Of order 2 it is minus the logarithm of how often two draws agree.
    agree = (0.5**2 + 0.25**2 + 0.25**2) / 1
    assert efficiency([2, 1, 1], 3, alpha=2) == pytest.approx(-math.log(agree) / math.log(3))


def test_figures_of_bytes_are_counts_of_bytes():
    texts = ["two words", "one"]
    words = make_byte(["english"])
    found = module("cells").figures(words, texts, words.encode_batch(texts))
    assert (found["bytes"], found["tokens"], found["bytes_per_token"]) == (12, 12, 1)
    assert (found["single_byte_share"], found["tokens_per_word"], found["tokens_per_han"]) == (1, 4, None)


def test_a_chinese_character_is_three_bytes():
    words = make_byte(["chinese"])
    found = module("cells").figures(words, ["春天来了"], words.encode_batch(["春天来了"]))
    assert (found["tokens_per_word"], found["tokens_per_han"]) == (None, 3)


def test_a_cell_measures_on_its_own_corpus_and_mixed_on_all():
    cells = module("cells")
    texts = cells.Texts({"a": ["the cat sat on the mat. " * 20]}, {"a": ["the cat"], "b": ["a dog"]})
    assert list(texts.measured_for("a")) == ["a"]
    assert list(texts.measured_for("mixed")) == ["a", "b"]
    found = cells.cell(TokenizerConfig(kind="bpe", vocab_size=310), texts, "a")
    assert found["exact"]
    assert found["all"]["tokens"] < len("the cat")
    assert found["train_mib"] >= 0


def test_a_kind_that_refuses_says_why():
    cells = module("cells")
    texts = cells.Texts({"a": ["the cat sat on the mat"]}, {"a": ["the dog"]})
    assert "supports" in cells.cell(TokenizerConfig(kind="bpe", vocab_size=4096), texts, "a")["refused"]
    # Learned, but what is held out has a letter that it has not.
    assert "not in the vocabulary" in cells.cell(TokenizerConfig(kind="char"), texts, "a")["refused"]


def chosen(rows):
    finalists = module("finalists")
    return finalists.choose(rows, finalists.FinalistsConfig(controls=["spm"], longest=2))


def test_finalists_by_the_rule():
    rows = [
        row("spm", bytes_per_token=2.0, renyi=0.3),
        row("rails", bytes_per_token=9.0, exact=False),
        row("logs", bytes_per_token=5.0, renyi=0.1),
        row("hybrid", bytes_per_token=4.0, renyi=0.9),
        row("unigram", bytes_per_token=3.0, renyi=0.8),
        row("bpe", bytes_per_token=3.5, renyi=0.7),
        {"kind": "char", "corpus": "mixed", "size": 4096, "refused": "no"},
    ]
    assert [(each["kind"], each["why"]) for each in chosen(rows)] == [
        ("logs", "bytes per token"),
        ("hybrid", "bytes per token"),
        ("unigram", "Rényi efficiency"),
        ("spm", "control"),
    ]


def test_a_control_that_is_chosen_anyway_stands_once():
    rows = [row("spm", bytes_per_token=5.0), row("bpe", bytes_per_token=4.0), row("hybrid", renyi=0.9)]
    assert [each["kind"] for each in chosen(rows)] == ["spm", "bpe", "hybrid"]


@pytest.mark.parametrize("vocab_size", [2048, 4096, 8192])
def test_models_have_equal_parameters_whatever_the_vocabulary(vocab_size):
    base = ModelConfig(depth=3, width=48, head_size=16, context=128, ffn="relu2", smear=3)
    shape = module("models").shaped(base, 600_000, vocab_size)
    total = count_parameters(shape, vocab_size)["total"]
    assert abs(total - 600_000) <= base.depth * 2 * 48 / 2


def test_sources_share_evenly_and_give_what_others_cannot():
    share = module("gather").share
    small = [document(f"{number:04}") for number in range(10)]
    large = [document(f"{number:04}" * 5) for number in range(100)]
    chosen = share([large, small], 400)
    lengths = [len(each.text) for each in chosen]
    assert lengths.count(4) == 10
    assert lengths.count(20) == 18  # what is left of 400 after 40
    assert [each.id for each in chosen] == sorted(each.id for each in chosen)


def test_a_divided_source_gives_no_group_to_both_sets():
    dealt = module("gather").dealt
    documents = [document(f"{number}", f"group {number % 8}") for number in range(40)]
    held_out, train = dealt(documents, True, True), dealt(documents, True, False)
    assert {each.group for each in held_out} == {"group 0", "group 4"}
    assert not {each.group for each in held_out} & {each.group for each in train}
    assert len(held_out) + len(train) == 40
    assert dealt(documents, False, False) == documents


def test_text_for_models_is_spread_over_all():
    documents = [document(f"{number:010}") for number in range(100)]
    places = [int(each.text) for each in module("cells").some(documents, 100)]
    assert len(places) == 10
    assert places == sorted(places)
    assert places[0] < 10
    assert places[-1] >= 85
