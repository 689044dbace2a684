import pytest

from llmlab.evals.diversity import CopyDetector, distinct, units

EIGHT = "one two three four five six seven eight"
TWELVE = "从前有一个小村庄河水很清"


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("A fox  met\n a crow.", "english", ["A", "fox", "met", "a", "crow."]),
        ("河水 很\n清。", "chinese", ["河", "水", "很", "清", "。"]),
        ("", "english", []),
        (" \n", "chinese", []),
    ],
)
def test_units_are_words_or_chinese_characters(text: str, lang: str, expected: list[str]) -> None:
    assert units(text, lang) == expected


@pytest.mark.parametrize(
    ("texts", "lang", "n", "share"),
    [
        (["a b a b"], "english", 1, 2 / 4),
        (["a b a b"], "english", 2, 2 / 3),
        (["a b", "b a", "a b"], "english", 2, 2 / 3),
        (["a b c d"], "english", 2, 1.0),
        (["河水河水"], "chinese", 2, 2 / 3),
        (["河水河水"], "english", 1, 1.0),
    ],
)
def test_distinct_by_hand(texts: list[str], lang: str, n: int, share: float) -> None:
    """N-grams never run from one text into the next."""
    assert distinct(texts, lang, n) == round(share, 4)


def test_texts_too_short_for_one_gram_have_no_share() -> None:
    assert distinct(["a", ""], "english", 2) is None
    assert CopyDetector([EIGHT], "english").copied(["too short"]) is None
    assert CopyDetector([], "english").copied([EIGHT]) == 0.0


@pytest.mark.parametrize(
    ("written", "share"),
    [
        (EIGHT, 1.0),
        (f"zero {EIGHT}", 1 / 2),
        (f"zero {EIGHT} nine", 1 / 3),
        (EIGHT.replace("four", "4"), 0.0),
        (EIGHT.upper(), 0.0),
        (EIGHT.replace(" ", "\n"), 1.0),
    ],
)
def test_runs_of_eight_words_are_found(written: str, share: float) -> None:
    detector = CopyDetector([f"It began with {EIGHT} and so on.", "another text"], "english")
    assert detector.copied([written]) == round(share, 4)


@pytest.mark.parametrize(("written", "share"), [(TWELVE, 1.0), (f"在{TWELVE}", 1 / 2), (TWELVE[::-1], 0.0)])
def test_runs_of_twelve_chinese_characters_are_found(written: str, share: float) -> None:
    assert CopyDetector([f"他说：{TWELVE}。"], "chinese").copied([written]) == round(share, 4)


def test_runs_do_not_join_training_texts() -> None:
    words = EIGHT.split()
    halves = [" ".join(words[:4]), " ".join(words[4:])]
    assert CopyDetector(halves, "english").copied([EIGHT]) == 0.0


def test_shares_are_over_the_runs_of_all_texts() -> None:
    detector = CopyDetector([EIGHT], "english")
    assert detector.copied([EIGHT, f"{EIGHT} nine ten", "short"]) == round(2 / 4, 4)
