import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from datatrove.data import Document as Their
from datatrove.pipeline.filters import fineweb_quality_filter, gopher_quality_filter

from llmlab.corpus.prose_rules import ProseRules, find_prose_fault

RULES = ProseRules()
SENTENCE = "The river rose in the night and the lower field was under water by morning, which nobody had expected. "
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SENTENCE * 5, None),
        ("a I " * 60 + ".", "words too short"),
        ("internationalisation " * 60 + ".", "words too long"),
        ("1234 5678 word. " * 30, "words without letters"),
        ("river night water field sheep " * 20 + ".", "no stop words"),
        (SENTENCE.replace("the ", "#the #of #and #to ") * 5, "too many hash signs"),
        ("The ending of it... and that... " * 12, "too many ellipses"),
        (f"- {SENTENCE}\n" * 5, "mostly bullet points"),
        ("He was there with the dog and the cat and all of the others…\n" * 5 + SENTENCE, "lines end in ellipses"),
        ("All of the words that have no end and go on with the next line\n" * 9, "lines do not end"),
        ("To be with the dog again.\n" * 20, "mostly short lines"),
        ("春天来了，花园里的花都开了，孩子们在树下唱歌。" * 8, None),
        ("春天来了。\n" * 40, "mostly short lines"),
        ("too short to be judged", None),
    ],
)
def test_reasons(text: str, reason: str | None) -> None:
    lang = "chinese" if "春" in text else "english"
    assert find_prose_fault(text, lang, RULES) == reason


def test_stop_words_are_english() -> None:
    text = "La rivière est montée pendant la nuit, personne ne pensait cela possible, mais voilà. " * 6
    assert find_prose_fault(text, "french", RULES) is None
    assert find_prose_fault(text, "english", RULES) == "no stop words"


def _texts() -> Iterator[str]:
    for path in sorted((ROOT / "data/bundled/english").rglob("*.txt"))[::8]:
        text = path.read_text(encoding="utf-8")
        yield text
        # Spoiled in three ways, so that both have something to refuse.
        yield text.replace(".", "...").replace(",", "...")
        yield "\n".join(text.split())
        yield re.sub(r"\b(?:the|be|to|of|and|that|have|with)\b", "hmm", text, flags=re.IGNORECASE)


def test_decisions_agree_with_datatrove(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their words cut at blanks too, since their own tokenizer is a package of its own."""
    for module in (gopher_quality_filter, fineweb_quality_filter):
        monkeypatch.setattr(module, "split_into_words", lambda text, language: text.split())
    theirs = (
        gopher_quality_filter.GopherQualityFilter(),
        # A repeated line is looked at elsewhere.
        fineweb_quality_filter.FineWebQualityFilter(char_duplicates_ratio=1.0, stop_chars=tuple('.?!:;"”)…')),
    )
    judged = [(text, all(each.filter(Their(text=text, id="1")) is True for each in theirs)) for text in _texts()]
    ours = [find_prose_fault(text, "english", RULES) is None for text, _ in judged]
    assert 0.2 < sum(ours) / len(ours) < 0.8
    agree = sum(mine == their for mine, (_, their) in zip(ours, judged, strict=True))
    assert agree >= 0.98 * len(judged)


def test_lines_drawn_elsewhere() -> None:
    assert find_prose_fault(SENTENCE * 5, "english", replace(RULES, max_word_length=4)) == "words too long"
    assert find_prose_fault("x " * 60, "english", replace(RULES, min_words=100)) is None
