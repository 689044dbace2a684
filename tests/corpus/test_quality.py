from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate
from hypothesis import given
from hypothesis import strategies as st

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.catalog import load_catalog
from llmlab.corpus.quality import QualityConfig, duplicate_ngram_chars, filters_for, find_fault, top_ngram_chars
from llmlab.corpus.scrape import ScrapeConfig, scrape

Make = Callable[..., Document]
CONFIG = QualityConfig()
ENGLISH = (
    "The river rose in the night and by the morning the lower field was under water. Nobody had expected it so early "
    "in the year, and the sheep had to be moved by boat, three at a time, while the dog barked from the wall."
)
CHINESE = (
    "夜里河水涨了，到早晨下面的田已经淹在水里。没有人想到今年会来得这样早，羊只好用船一次三只地运走，"
    "狗站在墙上叫个不停。后来水退了，地上留下一层细细的泥，邻居们说这对庄稼是好事，于是大家又高兴起来，"
)


def fault(document: Document, config: QualityConfig = CONFIG) -> str | None:
    return find_fault(document, filters_for(config))


def test_ordinary_text_passes(make: Make) -> None:
    assert fault(make(ENGLISH)) is None
    assert fault(make(CHINESE * 2, lang="chinese")) is None


def test_length(make: Make) -> None:
    assert fault(make("Too little text.")) == "too short"
    assert fault(make(ENGLISH), replace(CONFIG, max_chars=100)) == "too long"
    assert fault(make("床前明月光，疑是地上霜。", lang="chinese", kind="verse")) is None


def test_lost_characters(make: Make) -> None:
    assert fault(make(ENGLISH.replace("e", "\ufffd"))) == "replacement characters"
    assert fault(make(ENGLISH * 20 + " \ufffd")) != "replacement characters"


def test_symbols_and_digits(make: Make) -> None:
    table = "| --- | === | *** | +++ |\n" * 3 + "one two three"
    assert fault(make(table)) == "mostly symbols"
    assert fault(make("12 345 6789 1011 12 13 14 words")) == "mostly digits"
    assert fault(make("User: 6 + 3 = ?\n\nAssistant: 6 + 3 = 9.", kind="dialogue")) is None
    assert fault(make(table * 3, kind="code", lang="smalltalk")) == "few letters"
    assert fault(make("^ (origin @ corner) + (left - right) >= 0", kind="code", lang="smalltalk")) is None
    assert fault(make("नमस्ते दुनिया, यह एक छोटा वाक्य है।", lang="hindi")) is None


def test_repeated_lines_but_not_refrains_or_brackets(make: Make) -> None:
    text = "\n".join(["The same line again and again."] * 4 + ["A line.", "Another line, quite different."])
    assert fault(make(text)) == "repeated lines"
    assert fault(make(text, kind="verse")) is None
    assert fault(make("foo\n]\n]\n]\n]\n]\n" + "number := 3.\n" * 9, kind="code", lang="smalltalk")) is None


def test_repeated_ngrams(make: Make) -> None:
    words = ["".join("abcdefghij"[int(digit)] for digit in f"{number:03}") for number in range(200)]
    assert fault(make(" ".join(words), lang="latin")) is None
    often = " ".join(f"{word} buy now" for word in words)
    assert fault(make(often, lang="latin")) == "repeated 2-gram"
    twice = " ".join(words[:60] + words[:60] + words[60:120])
    assert fault(make(twice, lang="latin")) == "duplicated 5-grams"
    assert fault(make(" ".join(words[:20] * 2), lang="latin")) is None  # too short to judge
    assert fault(make(CHINESE * 5, lang="chinese")) == "duplicated 5-grams"


def test_an_answer_may_repeat_the_question(make: Make) -> None:
    passage = " ".join("".join("abcdefghij"[int(digit)] for digit in f"{number:03}") for number in range(200))
    turns = f"User: Repeat this.\n\n{passage}\n\nAssistant: {passage}"
    assert fault(make(turns, kind="dialogue", lang="latin")) is None
    assert fault(make(f"User: Go.\n\nAssistant: {passage} {passage}", kind="dialogue")) == "duplicated 5-grams"


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(2, 6))
def test_duplicate_ngrams_agree_with_datatrove(units: list[str], n: int) -> None:
    assert duplicate_ngram_chars(units, n) == find_all_duplicate(units, n)


def test_top_ngram() -> None:
    assert top_ngram_chars(["a", "bb", "a", "bb", "c"], 2) == 6
    assert top_ngram_chars(["a", "b", "c", "d"], 2) == 0
    assert top_ngram_chars([], 2) == 0


FRENCH = (
    "La rivière est montée pendant la nuit et le matin le champ était sous l'eau. Personne ne s'y attendait si tôt "
    "dans l'année, et il a fallu déplacer les moutons en barque, trois à la fois, "
    "pendant que le chien aboyait sur le mur."
)
POEM = (
    "賦飲馬長城窟\n袁朗\n朔風動秋草，清蹕長安道。\n長城連不窮，所以隔華戎。\n規模惟聖作，負荷曉成功。\n鳥庭已向內，"
    "龍荒更鑿空。\n玉關塵卷靜，金微路已通。\n湯征隨北怨，舜詠起南風。\n畫地功初立，綏邊事云集。\n朝服踐狼居，凱歌旋馬邑。\n"
    "山響傳鳳吹，霜華藻瓊鈒。\n屬國擁節歸，單于款關入。\n日落寒風起，驚蓬被原隰。\n零落葉已寒，河流清且急。"
)


def test_language(make: Make) -> None:
    assert fault(make(FRENCH)) == "wrong language"
    assert fault(make(ENGLISH * 2, lang="chinese")) == "wrong language"
    assert fault(make(FRENCH, lang="french")) is None  # not one that is checked
    assert fault(make(FRENCH[:150])) is None  # too short to judge
    assert fault(make(FRENCH.replace(", ", ",\n"), kind="code")) is None
    assert fault(make(POEM, lang="chinese", kind="verse")) is None


def test_japanese_is_not_chinese(make: Make) -> None:
    japanese = (
        "夜のうちに川の水が増えて、朝には下の畑が水の中にありました。こんなに早く来るとは誰も思っていませんでした。" * 5
    )
    once = replace(CONFIG, language_min_chars=50)
    assert fault(make(japanese[:110], lang="chinese"), once) == "wrong language"


@pytest.mark.parametrize(("lang", "least"), [("english", 0.99), ("chinese", 0.99)])
def test_the_bundled_prose_passes(lang: str, least: float, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    documents = list(scrape(lang, ScrapeConfig(sources=[f"bundled-{lang}"]), tmp_path, root=root))
    assert load_catalog()[f"bundled-{lang}"].lang == lang
    checks = filters_for(CONFIG)
    assert sum(find_fault(document, checks) is None for document in documents) >= least * len(documents)


def test_a_misspelt_kind_is_refused() -> None:
    with pytest.raises(LabError, match="'proze'"):
        build(QualityConfig, {"min_chars": {"proze": 3}}, "params.yaml: clean.quality")
