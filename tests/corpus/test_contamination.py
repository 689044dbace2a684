import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.contamination import DecontaminateConfig, Item, find_overlaps, items_of

Make = Callable[..., Document]
ROOT = Path(__file__).parents[2]
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


def chinese_noise(seed: int, length: int = 400) -> str:
    rng = random.Random(seed)
    return "".join(chr(rng.randint(0x4E00, 0x9000)) for _ in range(length))


def as_items(prompts: list[str]) -> list[Item]:
    return [Item(str(number), "prompt", text) for number, text in enumerate(prompts)]


def found(documents: list[Document], prompts: list[str], config: DecontaminateConfig = CONFIG) -> list[str]:
    return [overlap.document_id for overlap in find_overlaps(documents, as_items(prompts), config)]


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


def test_half_an_item_in_short_pieces_is_enough(make: Make) -> None:
    """8 of 16 words in a row; and two pieces of 8 in a longer text, apart from each other."""
    words = [f"word{number}" for number in range(32)]
    item = " ".join(words[:16])
    assert len(found([make(f"{noise(1)} {' '.join(words[:8])} {noise(2)}")], [item])) == 1
    assert found([make(f"{noise(1)} {' '.join(words[:7])} {noise(2)}")], [item]) == []
    pieces = f"{noise(1)} {' '.join(words[:8])} {noise(2)} {' '.join(words[20:28])} {noise(3)}"
    (overlap,) = find_overlaps([make(pieces)], as_items([" ".join(words)]), CONFIG)
    assert overlap.coverage == 0.5
    assert overlap.ngram == " ".join(words[:8])
    assert found([make(pieces)], [" ".join(words)], replace(CONFIG, coverage=0.51)) == []


def test_short_prompts_are_looked_for_as_a_whole_down_to_the_minimum(make: Make) -> None:
    prompt = "which planet of the sun has most moons"
    document = make(f"{noise(1)} Which planet, of the Sun, has most moons? {noise(2)}")
    assert len(found([document], [prompt])) == 1
    assert found([document], [prompt], replace(CONFIG, min_words=9)) == []
    assert found([make(noise(3) + " 2 + 2 = 4 " + noise(4))], ["2 + 2 ="]) == []


def test_answers_are_looked_for_too_and_both_halves_together(make: Make) -> None:
    answer = "the moons of Saturn are now counted at one hundred and forty six"
    items = items_of("planets/1", "Which planet has most moons?", answer)
    documents = [make(f"{noise(1)} {answer} {noise(2)}"), make(f"{noise(3)} Which planet has most moons? {noise(4)}")]
    (overlap,) = find_overlaps(documents, items, CONFIG)
    assert (overlap.document_id, overlap.item.example, overlap.item.part) == (documents[0].id, "planets/1", "answer")
    short = items_of("planets/2", "Which planet has most moons?", "Saturn has the most.")
    (overlap,) = find_overlaps(
        [make(f"{noise(5)} Which planet has most moons? Saturn has the most. Yes.")], short, CONFIG
    )
    assert (overlap.item.part, overlap.coverage) == ("both", 1.0)


def test_the_frame_of_many_items_is_not_looked_for(make: Make) -> None:
    frame = "Answer the following question about the text above with one of the letters A to D:"
    items = [f"{frame} {noise(number, 20)}" for number in range(12)]
    documents = [make(f"{noise(50)} {frame} {noise(51)}"), make(f"{noise(52)} {items[3]}")]
    assert found(documents, items) == [documents[1].id]
    assert found(documents, items[:9]) == [documents[0].id, documents[1].id]


def test_the_share_decides(make: Make) -> None:
    words = QUESTION.split()
    document = make(f"{QUESTION} {noise(1, 100)}")
    (overlap,) = find_overlaps([document], as_items([QUESTION]), CONFIG)
    assert overlap.ngram == " ".join(QUESTION.lower().replace(",", "").replace(".", "").replace("?", "").split())
    assert overlap.share == pytest.approx(len(words) / (len(words) + 100))
    assert found([document], [QUESTION], replace(CONFIG, max_overlap=overlap.share)) == []
    assert found([document], [QUESTION], replace(CONFIG, max_overlap=overlap.share - 0.01)) == [document.id]


def test_disabled_or_without_prompts_nothing_is_found(make: Make) -> None:
    assert found([make(QUESTION)], [QUESTION], DecontaminateConfig(enabled=False)) == []
    assert found([make(QUESTION)], []) == []
    assert found([make(QUESTION)], ["", "..."]) == []
    assert found([], [QUESTION]) == []


def bundled(lang: str, suffix: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "data/bundled" / lang).rglob(f"*.{suffix}"))]


def passages(lang: str) -> list[str]:
    """Real text of the size of benchmark items: the starts of paragraphs, and methods of code."""
    blocks = [block for text in bundled(lang, "st" if lang == "smalltalk" else "txt") for block in text.split("\n\n")]
    if lang == "smalltalk":
        return [block for block in blocks if ">>" in block and 20 <= len(block.split()) <= 60]
    if lang == "chinese":
        return [block[:120] for block in blocks if len(block) >= 40]
    return [" ".join(block.split()[:60]) for block in blocks if len(block.split()) >= 25]


def reformat(text: str, lang: str, rng: random.Random) -> str:
    """Another layout: line breaks, case, quotes, emphasis; for code indentation, comments and old assignment."""
    if lang == "smalltalk":
        lines = text.replace(":=", "_").replace("\t", "    ").split("\n")
        lines.insert(len(lines) // 2, '    "a remark"')
        return "\n".join(f"  {line}" for line in lines)
    if lang == "chinese":
        return (
            "\n".join(f"> {text[at : at + 11]}" for at in range(0, len(text), 11))
            .replace("，", ", ")
            .replace("。", ". ")
        )
    words = [f"**{word}**" if rng.random() < 0.1 else word for word in text.upper().split()]
    return "\n".join("> " + " ".join(words[at : at + 6]) for at in range(0, len(words), 6)).replace(",", " –")


def quote(text: str, lang: str, rng: random.Random) -> str:
    """Six tenths of it, from anywhere."""
    units = list(text) if lang == "chinese" else text.split(" ")
    size = -(-6 * len(units) // 10)
    start = rng.randint(0, len(units) - size)
    return ("" if lang == "chinese" else " ").join(units[start : start + size])


WAYS: dict[str, Callable[[str, str, random.Random], str]] = {
    "verbatim": lambda text, lang, rng: text,
    "reformatted": reformat,
    "embedded": lambda text, lang, rng: f"Someone asked (see below): “{text}” – and nobody knew.",
    "quoted": quote,
}


def test_a_hundred_planted_items_and_clean_text(make: Make) -> None:
    """At least 95 of 100 found, prompts and answers, and at most 1 in 100 of clean documents named."""
    rng = random.Random(7)
    planted, clean, items = [], [], []
    for lang, count in (("english", 36), ("chinese", 32), ("smalltalk", 32)):
        kind = "code" if lang == "smalltalk" else "prose"
        pool = passages(lang)
        rng.shuffle(pool)
        chosen, rest = pool[:count], pool[count:]
        hosts = ["\n\n".join(rest[at : at + 3]) for at in range(0, min(len(rest), 600), 3)]
        clean += [make(host, lang, kind) for host in hosts]
        for number, text in enumerate(chosen):
            items += items_of(f"{lang}/{number}", *(("Short?", text) if number % 2 else (text, "Yes.")))
            way = WAYS[list(WAYS)[number % 4]]
            planted.append(make(f"{hosts[number]}\n\n{way(text, lang, rng)}\n\n{hosts[-number]}", lang, kind))
    assert len(planted) == 100
    assert len(clean) > 300
    caught = {overlap.document_id for overlap in find_overlaps([*planted, *clean], items, CONFIG)}
    assert sum(document.id in caught for document in planted) >= 95
    assert sum(document.id in caught for document in clean) <= 0.01 * len(clean)
