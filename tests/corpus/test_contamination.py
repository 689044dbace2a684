import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.contamination import DecontaminateConfig, find_overlaps

Make = Callable[..., Document]
CONFIG = DecontaminateConfig()
QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
CHINESE = "小明有三个苹果，又买来了五个苹果，后来送给同学两个，请问小明现在手里一共还剩下几个苹果？"
CODE = "Counter >> increment: anInteger [ count := count + anInteger. ^ self changed: #count ] Counter >> reset"


def noise(seed: int, length: int = 300) -> str:
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("abcdefgh", k=rng.randint(2, 7))) for _ in range(length))


def chinese_noise(seed: int) -> str:
    rng = random.Random(seed)
    return "".join(chr(rng.randint(0x4E00, 0x9000)) for _ in range(400))


def found(documents: list[Document], prompts: list[str], config: DecontaminateConfig = CONFIG) -> list[str]:
    return [overlap.document_id for overlap in find_overlaps(documents, prompts, config)]


def test_planted_overlaps_are_found_and_nothing_else(make: Make) -> None:
    clean = [make(noise(number)) for number in range(20)]
    clean += [make(chinese_noise(number), lang="chinese") for number in range(20)]
    dirty = [
        make(f"{noise(30)} {QUESTION} {noise(31)}"),
        make(noise(32) + " " + QUESTION.upper().replace(",", " --") + " " + noise(33)),
        make(f"{chinese_noise(30)}{CHINESE}{chinese_noise(31)}", lang="chinese"),
        make(f"{chinese_noise(32)}{CHINESE.replace('，', ' ')}{chinese_noise(33)}", lang="chinese"),
        make(f"English around it. {CHINESE} English after it."),
        make(f"{noise(34)}\n{CODE}", lang="smalltalk", kind="code"),
    ]
    documents = clean + dirty
    random.Random(0).shuffle(documents)
    hits = found(documents, [QUESTION, CHINESE, CODE, "unrelated prompt " * 3])
    assert sorted(hits) == sorted(document.id for document in dirty)
    assert hits == [document.id for document in documents if document.id in hits]


def test_a_piece_shorter_than_an_ngram_is_everyday_text(make: Make) -> None:
    words = QUESTION.split()
    assert found([make(noise(1) + " " + " ".join(words[:12]) + " " + noise(2))], [QUESTION]) == []
    assert len(found([make(noise(1) + " " + " ".join(words[:13]) + " " + noise(2))], [QUESTION])) == 1


def test_short_prompts_are_looked_for_as_a_whole_down_to_the_minimum(make: Make) -> None:
    prompt = "which planet of the sun has most moons"
    document = make(f"{noise(1)} Which planet, of the Sun, has most moons? {noise(2)}")
    assert len(found([document], [prompt])) == 1
    assert found([document], [prompt], replace(CONFIG, min_words=9)) == []
    assert found([make(noise(3) + " 2 + 2 = 4 " + noise(4))], ["2 + 2 ="]) == []


def test_the_share_decides(make: Make) -> None:
    words = QUESTION.split()
    document = make(f"{QUESTION} {noise(1, 100)}")
    (overlap,) = find_overlaps([document], [QUESTION], CONFIG)
    assert overlap.ngram == "natalia sold clips to 48 of her friends in april and then she"
    inside, total = len(words) - 12, len(words) + 100 - 12
    assert overlap.share == pytest.approx(inside / total)
    assert found([document], [QUESTION], replace(CONFIG, max_overlap=overlap.share)) == []
    assert found([document], [QUESTION], replace(CONFIG, max_overlap=overlap.share - 0.01)) == [document.id]


def test_disabled_or_without_prompts_nothing_is_found(make: Make) -> None:
    assert found([make(QUESTION)], [QUESTION], DecontaminateConfig(enabled=False)) == []
    assert found([make(QUESTION)], []) == []
    assert found([make(QUESTION)], ["", "..."]) == []
    assert found([], [QUESTION]) == []
