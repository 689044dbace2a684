import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.metrics import write_metrics
from llmlab.evals import code_report, report
from llmlab.evals.bits_per_byte import score_model
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.subject import Subject

from .conftest import ENGLISH, LANGUAGES

CONFIG = EvaluateConfig(
    completions=5,
    texts=2,
    max_new=16,
    order=3,
    threads=1,
    begun=2,
    begun_tokens=2,
    clozes=3,
    classes=1,
    class_tokens=16,
    milestone_completions=2,
    sample_prompts={"smalltalk": "Class {", "english": "One morning", "chinese": "春天", "spanish": "Una zorra"},
)


def everything(subject: Subject, seed: int = 1) -> dict[str, Any]:
    smalltalk, completions = code_report.smalltalk(subject, CONFIG, seed)
    return {
        **report.bits_per_byte(subject, CONFIG, seed),
        "milestones": report.milestones(subject, CONFIG),
        "smalltalk": smalltalk,
        "text": report.text(subject, CONFIG, seed),
        "samples": report.samples(subject, CONFIG, completions, seed),
    }


@pytest.fixture(scope="module")
def whole(subject: Subject) -> dict[str, Any]:
    return everything(subject)


def test_twice_the_same(subject: Subject, whole: dict[str, Any]) -> None:
    assert everything(subject) == whole


def test_another_seed_writes_another_text_and_scores_the_same(subject: Subject, whole: dict[str, Any]) -> None:
    other = everything(subject, seed=2)
    assert other["bits_per_byte"] == whole["bits_per_byte"]
    assert other["samples"]["samples"] != whole["samples"]["samples"]


def test_it_is_json_with_finite_numbers(whole: dict[str, Any], tmp_path: Path) -> None:
    write_metrics(tmp_path / "eval.json", whole)
    assert json.loads((tmp_path / "eval.json").read_text(encoding="utf-8"))["bits_per_byte"] == whole["bits_per_byte"]
    assert "status" not in (tmp_path / "eval.json").read_text(encoding="utf-8")


def test_every_language_has_its_bits_per_byte_for_models_and_baseline(subject: Subject, whole: dict[str, Any]) -> None:
    table = whole["bits_per_byte"]
    assert set(table) == {"base", "chat", "kneser_ney"}
    for name, model in {"chat": subject.chat, "base": subject.base}.items():
        scored = score_model(model, subject.test)
        for lang in LANGUAGES:
            assert table[name][lang] == pytest.approx(scored.of(lang).bits_per_byte(), abs=1e-4)
            assert whole["perplexity"][name][lang] == pytest.approx(scored.of(lang).perplexity(), abs=1e-2)
    assert table["base"]["all"] == pytest.approx(scored.bits_per_byte(), abs=1e-4)
    assert min(table["base"][lang] for lang in LANGUAGES) < table["base"]["all"] < max(table["base"].values())


def test_the_n_gram_that_has_read_such_text_beats_a_model_that_has_not(whole: dict[str, Any]) -> None:
    for lang in LANGUAGES:
        gap = whole["difference"][lang]
        assert 0 < gap["low"] <= gap["mean"] <= gap["high"]
        expected = whole["bits_per_byte"]["base"][lang] - whole["bits_per_byte"]["kneser_ney"][lang]
        assert gap["mean"] == pytest.approx(expected, abs=2e-4)


def test_milestones_are_scored_by_step(whole: dict[str, Any]) -> None:
    """The last one is the base model itself here."""
    assert list(whole["milestones"]) == ["2", "10"]
    assert whole["milestones"]["10"]["bits_per_byte"] == whole["bits_per_byte"]["base"]
    assert whole["milestones"]["2"]["bits_per_byte"] != whole["bits_per_byte"]["base"]


def test_completions_stand_between_ceiling_and_baseline(whole: dict[str, Any]) -> None:
    figures = whole["smalltalk"]
    assert (figures["temperature"], figures["top_p"]) == (CONFIG.temperature, CONFIG.top_p)
    assert [figures[who]["completions"] for who in ("model", "kneser_ney", "ceiling")] == [5, 5, 5]
    assert figures["ceiling"]["valid"] == figures["ceiling"]["exact"] == 1.0
    # The held-out class has the methods of a training class, so all of the real bodies are known.
    assert figures["ceiling"]["copied"] == 1.0
    assert figures["model"]["exact"] == 0.0
    assert figures["model"]["cut_off"] > 0


def test_continued_prose_is_compared_with_the_real_one(whole: dict[str, Any]) -> None:
    """Only prose and verse of at least three prompts' length: no Smalltalk, no dialogue."""
    assert set(whole["text"]) == {"english", "chinese"}
    for lang in whole["text"]:
        assert set(whole["text"][lang]) == {"model", "kneser_ney", "ceiling"}
        # The held-out texts repeat training text word for word, which the untrained model does not.
        assert whole["text"][lang]["ceiling"]["copied"] > 0.8
        assert whole["text"][lang]["model"]["copied"] in (0.0, None)


def test_real_prose_that_repeats_training_text_is_memorised_and_clean(whole: dict[str, Any]) -> None:
    for lang in whole["text"]:
        real, written = (whole["text"][lang][who] for who in ("ceiling", "model"))
        assert real["memorised_20"] > 0.5
        assert written["memorised_20"] in (0.0, None)
        assert real["toxic"] == 0.0


def test_bits_per_character_are_the_same_bits_over_fewer_signs(whole: dict[str, Any]) -> None:
    """The made texts: ASCII in English, three bytes a character in Chinese."""
    for name, table in whole["bits_per_character"].items():
        assert table["english"] == pytest.approx(whole["bits_per_byte"][name]["english"], rel=1e-3)
        assert table["chinese"] == pytest.approx(3 * whole["bits_per_byte"][name]["chinese"], rel=1e-3)


def test_samples_show_every_milestone_from_the_same_prompts(whole: dict[str, Any]) -> None:
    rows = whole["samples"]["samples"]
    assert [(row["step"], row["lang"]) for row in rows] == [
        (step, lang) for step in (2, 10, "final") for lang in LANGUAGES
    ]
    assert {row["prompt"] for row in rows} == {CONFIG.sample_prompts[lang] for lang in LANGUAGES}
    by_step = {step: [row["text"] for row in rows if row["step"] == step] for step in (2, 10, "final")}
    assert by_step[10] == by_step["final"] != by_step[2]


def test_samples_show_completions_and_chats(whole: dict[str, Any]) -> None:
    shown = whole["samples"]["completions"]
    assert len(shown) == 5
    assert all(set(item) == {"signature", "written", "real", "valid"} for item in shown)
    (chat,) = whole["samples"]["chat"]
    assert (chat["lang"], chat["question"]) == ("english", "What is in the river?")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_language_without_test_documents_has_null_and_a_status(
    without: Callable[[str], Subject], lang: str, tmp_path: Path
) -> None:
    partial = everything(without(lang))
    assert math.isnan(partial["bits_per_byte"]["base"][lang])
    assert math.isfinite(partial["bits_per_byte"]["base"]["all"])
    write_metrics(tmp_path / "eval.json", partial)
    stored = json.loads((tmp_path / "eval.json").read_text(encoding="utf-8"))
    for table in (stored["bits_per_byte"]["base"], stored["perplexity"]["base"]):
        assert table[lang] is None
        assert table[f"{lang}_status"] == "not a number"
    assert stored["difference"][lang]["mean"] is None
    assert lang not in partial["text"]
    if lang == "smalltalk":
        assert partial["smalltalk"] == {}
        assert partial["samples"]["completions"] == []


def test_nothing_is_written_when_nothing_is_asked_for(subject: Subject) -> None:
    none = replace(CONFIG, completions=0, texts=0)
    assert code_report.smalltalk(subject, none, 1) == ({}, [])
    assert report.text(subject, none, 1) == {}


def test_prompts_of_prose_are_its_beginning_and_the_ceiling_is_what_follows(subject: Subject) -> None:
    (item,) = (each for each in subject.test_documents if each.text.startswith("One morning"))
    boring = replace(item, text=ENGLISH[:100] + "fox crow " * 100)
    only = replace(subject, test_documents=[boring])
    figures = report.text(only, CONFIG, 1)["english"]["ceiling"]
    cut = boring.text.rfind(" ", 0, 100)  # the prompt ends with a whole word
    words = boring.text[cut : cut + 400].split()
    pairs = list(itertools.pairwise(words))
    assert figures["distinct_2"] == round(len(set(pairs)) / len(pairs), 4)
