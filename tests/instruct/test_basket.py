import random
from collections import Counter

from llmlab.instruct.base import InstructConfig, Instruction, instruction
from llmlab.instruct.basket import Basket, question_key

CONFIG = InstructConfig(max_bytes=100, max_characters=50, same_answer=2)


def basket(cap: int | None = None, held: frozenset[str] = frozenset(), seed: int = 1) -> Basket:
    return Basket(CONFIG, cap, held, random.Random(seed))


def example(question: str, answer: str, kind: str = "fixing") -> Instruction:
    return instruction("smalltalk", kind, "d", question, answer)


def test_every_example_has_the_same_chance() -> None:
    """5 of 20 in 2,000 draws: each is kept about 500 times."""
    kept: Counter[str] = Counter()
    items = [example(f"q{n}", f"a{n}") for n in range(20)]
    for seed in range(2000):
        chosen = basket(5, seed=seed)
        for item in items:
            chosen.add(item)
        assert len({each.id for each in chosen.examples}) == 5
        kept.update(each.id for each in chosen.examples)
    assert min(kept[item.id] for item in items) > 420
    assert max(kept[item.id] for item in items) < 580


def test_each_reason_to_refuse_is_counted() -> None:
    held = frozenset({question_key(example("known", ""))})
    full = basket(None, held)
    for question, answer in [
        ("a", "x"),
        ("a", "y"),
        ("known", "z"),
        ("b", "x"),
        ("c", "x"),
        ("d", "y" * 51),
        ("e" * 90, "y" * 11),
    ]:
        full.add(example(question, answer))
    assert [each.id for each in full.examples] == [example("a", "x").id, example("b", "x").id]
    assert full.left_out == {
        "asked before": 1,
        "asked in a held-out set": 1,
        "same answer too often": 1,
        "too long": 2,
    }


def test_selectors_and_tasks_may_repeat_their_answers() -> None:
    for kind in ("naming", "cloze", "arithmetic"):
        full = basket()
        for number in range(9):
            full.add(example(f"q{number}", "7", kind))
        assert len(full.examples) == 9


def test_a_chat_is_the_same_question_only_with_the_same_answer() -> None:
    assert question_key(example("Hello", "Hi", "chat")) != question_key(example("Hello", "Good day", "chat"))
    assert question_key(example("Hello", "Hi")) == question_key(example("Hello", "Good day"))
