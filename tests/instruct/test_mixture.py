import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import InstructConfig, Instruction
from llmlab.instruct.basket import question_key
from llmlab.instruct.mixture import KINDS, build
from llmlab.smalltalk.measure import code_tokens
from llmlab.smalltalk.rendering import parse_rendered
from llmlab.tasks.base import set_of

from .turns import turns_of

LANGUAGES = ["smalltalk", "english", "chinese"]
CONFIG = InstructConfig(completion=30, generation=5, fixing=20, continuation=4, tasks=40)
TASKS = ("arithmetic", "copy", "last-word")


@pytest.fixture(scope="module")
def sets(documents: list[Document]) -> dict[str, tuple[list[Document], list[Instruction]]]:
    """Documents dealt to three sets, and what is made of each."""
    dealt = {name: documents[start::3] for start, name in enumerate(("train", "val", "test"))}
    return {name: (own, build(own, name, CONFIG, LANGUAGES, 1).examples) for name, own in dealt.items()}


def kinds(examples: list[Instruction]) -> Counter[str]:
    return Counter(f"{example.kind}/{example.lang}" for example in examples)


def test_the_same_input_gives_the_same_examples(
    documents: list[Document], sets: dict[str, tuple[list[Document], list[Instruction]]]
) -> None:
    own, examples = sets["train"]
    assert build(iter(own), "train", CONFIG, LANGUAGES, 1).examples == examples
    assert build(own, "train", CONFIG, LANGUAGES, 2).examples != examples


@pytest.mark.parametrize(("name", "share"), [("train", 1.0), ("val", 0.1), ("test", 0.1)])
def test_counts_are_capped_and_a_tenth_outside_training(
    sets: dict[str, tuple[list[Document], list[Instruction]]], name: str, share: float
) -> None:
    documents, examples = sets[name]
    counts = kinds(examples)
    assert counts["completion/smalltalk"] == round(30 * share)
    assert counts["fixing/smalltalk"] == round(20 * share)
    assert counts["generation/smalltalk"] == round(5 * share)
    for lang in ("english", "chinese"):
        assert counts[f"continuation/{lang}"] == round(4 * share)
        assert all(counts[f"{task}/{lang}"] == round(40 * share) for task in TASKS)
    assert counts["chat/english"] == sum(document.kind == "dialogue" for document in documents)


def test_below_the_cap_every_example_is_there(documents: list[Document]) -> None:
    plenty = InstructConfig(completion=10_000, generation=10_000, fixing=10_000, continuation=10_000, tasks=0)
    few = kinds(build(documents[:6], "train", plenty, LANGUAGES, 1).examples)
    more = kinds(build(documents[:12], "train", plenty, LANGUAGES, 1).examples)
    assert more["completion/smalltalk"] > few["completion/smalltalk"] > 20
    assert more["fixing/smalltalk"] > few["fixing/smalltalk"] > 20


def test_examples_come_from_the_sets_own_documents_or_from_its_own_questions(
    sets: dict[str, tuple[list[Document], list[Instruction]]],
) -> None:
    for name, (documents, examples) in sets.items():
        own = {document.id for document in documents}
        for example in examples:
            if example.kind in TASKS:
                assert set_of(json.loads(example.messages)[0]["content"]) == name
            else:
                assert example.document in own


def test_ids_are_unique_and_no_example_is_in_two_sets(
    sets: dict[str, tuple[list[Document], list[Instruction]]],
) -> None:
    ids = {name: [example.id for example in examples] for name, (_, examples) in sets.items()}
    for each in ids.values():
        assert len(set(each)) == len(each)
    for one, other in itertools.combinations(ids.values(), 2):
        assert not set(one) & set(other)


def test_answers_keep_to_the_longest_length(sets: dict[str, tuple[list[Document], list[Instruction]]]) -> None:
    for _, examples in sets.values():
        for example in examples:
            messages = json.loads(example.messages)
            assert [message["role"] for message in messages] == ["user", "assistant"]
            assert 0 < len(messages[1]["content"]) <= CONFIG.max_characters


def test_a_cap_takes_from_all_documents(documents: list[Document]) -> None:
    examples = build(documents, "train", CONFIG, LANGUAGES, 1).examples
    owners = {example.document for example in examples if example.kind == "completion"}
    assert len(owners) > 10


def test_zero_switches_a_kind_off(documents: list[Document]) -> None:
    none = InstructConfig(completion=0, generation=0, fixing=0, continuation=0, tasks=0)
    assert set(kinds(build(documents, "train", none, LANGUAGES, 1).examples)) == {"chat/english"}
    only = replace(none, tasks=3, task_names=["copy"])
    assert kinds(build(documents, "train", only, LANGUAGES, 1).examples) == {
        "chat/english": 12,
        "copy/english": 3,
        "copy/chinese": 3,
    }


def test_tasks_are_asked_in_the_projects_languages_only(documents: list[Document]) -> None:
    counts = kinds(build(documents, "train", CONFIG, ["smalltalk", "chinese"], 1).examples)
    assert {name.partition("/")[2] for name in counts if name.partition("/")[0] in TASKS} == {"chinese"}


def test_code_of_another_language_is_left_alone(make: Callable[..., Document]) -> None:
    none = replace(CONFIG, tasks=0)
    assert build([make("def f(): pass", "python", "code")], "train", none, LANGUAGES, 1).examples == []


def test_the_same_chat_twice_is_one_example(make: Callable[..., Document]) -> None:
    chat = make("User: Hm?\n\nAssistant: No.", kind="dialogue")
    other = replace(chat, id="another")
    assert len(build([chat, other], "train", replace(CONFIG, tasks=0), LANGUAGES, 1).examples) == 1


CODE = [each for each in KINDS if each not in ("chat", "continuation")]
EVERY = InstructConfig(**dict.fromkeys(CODE, 10_000), continuation=0, tasks=0)  # type: ignore[arg-type]
_RUN = 8


@pytest.fixture(scope="module")
def code(classes: list[Document]) -> tuple[dict[str, list[Document]], dict[str, list[Instruction]]]:
    """Classes dealt to three sets, and every example on code that there is."""
    dealt = {name: classes[start::3] for start, name in enumerate(("test", "val", "train"))}
    asked: set[str] = set()
    made = {}
    for name, own in dealt.items():
        made[name] = build(own, name, replace(EVERY, **dict.fromkeys(CODE, 100_000)), LANGUAGES, 1, asked).examples  # type: ignore[arg-type]
        asked.update(map(question_key, made[name]))
    return dealt, made


def test_every_kind_on_code_is_made(code: tuple[dict[str, list[Document]], dict[str, list[Instruction]]]) -> None:
    counts = Counter(example.kind for example in code[1]["train"])
    assert set(counts) == set(CODE)
    assert min(counts.values()) >= 4


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of `_RUN` tokens of code."""
    tokens = code_tokens(text)
    return {tuple(tokens[start : start + _RUN]) for start in range(len(tokens) - _RUN + 1)}


def test_nothing_of_a_held_out_body_is_in_a_training_example_unless_it_is_in_a_training_class(
    code: tuple[dict[str, list[Document]], dict[str, list[Instruction]]],
) -> None:
    """Runs of 8 tokens: those of held-out bodies that no training class has, against all training examples."""
    dealt, made = code
    own = set().union(*(runs(document.text) for document in dealt["train"]))
    held = {
        run
        for name in ("val", "test")
        for document in dealt[name]
        for method in parse_rendered(document.text).methods
        for run in runs(method.source)
    } - own
    assert len(held) > 500
    for example in made["train"]:
        for message in json.loads(example.messages):
            content = message["content"]
            for text in [content] if isinstance(content, str) else [each for each in content if isinstance(each, str)]:
                assert not runs(text) & held
    # The test can fail: what is made of the held-out classes is full of them.
    assert any(runs(turns_of(example)[-1]) & held for example in made["test"] if example.kind == "completion")


def test_no_question_is_asked_in_two_sets(
    code: tuple[dict[str, list[Document]], dict[str, list[Instruction]]],
) -> None:
    keys = {name: {question_key(example) for example in examples} for name, examples in code[1].items()}
    for one, other in itertools.combinations(keys.values(), 2):
        assert not one & other


def test_a_method_common_to_two_sets_is_asked_in_the_held_out_one(classes: list[Document]) -> None:
    test = build(classes[:6], "test", replace(EVERY, completion=100_000), LANGUAGES, 1)
    train = build(
        classes[:9], "train", replace(EVERY, completion=100_000), LANGUAGES, 1, set(map(question_key, test.examples))
    )
    owners = {example.document for example in train.examples if example.kind == "completion"}
    assert owners
    assert not owners & {document.id for document in classes[:6]}
    assert train.left_out["completion"]["asked in a held-out set"] > 20


def test_switching_a_kind_on_moves_no_example_of_another(classes: list[Document]) -> None:
    alone = build(classes, "train", replace(EVERY, **{**dict.fromkeys(CODE, 0), "cloze": 50}), LANGUAGES, 1)
    beside = build(classes, "train", replace(EVERY, cloze=50), LANGUAGES, 1)
    assert alone.examples == [example for example in beside.examples if example.kind == "cloze"]


def test_a_conversation_keeps_to_its_bytes(classes: list[Document]) -> None:
    made = build(classes, "train", replace(EVERY, max_bytes=300), LANGUAGES, 1)
    assert len(made.examples) > 200
    assert all(len(example.messages.encode()) < 700 for example in made.examples)
    assert made.left_out["fixing"]["too long"] > 20
