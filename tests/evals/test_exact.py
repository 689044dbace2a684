"""On a model that has learned its few questions by heart, through the real training loop."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llmlab.artifacts.documents import write_rows
from llmlab.evals.exact import instructions, tasks
from llmlab.evals.subject import Subject
from llmlab.instruct.base import COLUMNS as INSTRUCT_COLUMNS
from llmlab.instruct.base import Instruction, as_row, instruction
from llmlab.model.transformer import Transformer
from llmlab.shards.chat import all_batches, chat_source
from llmlab.tasks.base import COLUMNS, Example
from llmlab.tasks.base import as_row as as_task_row
from llmlab.tokenizer.chat import encode_chat
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train

QUESTIONS = [
    Example("a/0", "arithmetic", "english", "What is 3 plus 4?", "7"),
    Example("a/1", "arithmetic", "english", "What is 5 plus 5?", "10"),
    Example("a/2", "arithmetic", "chinese", "3加4等于多少？", "7"),
    Example("c/0", "copy", "english", "Repeat these words: fox crow", "fox crow"),
]
TAUGHT = [instruction(each.lang, each.task, each.id, each.prompt, each.answer) for each in QUESTIONS]


def chat(kind: str, *turns: str, lang: str = "english") -> Instruction:
    return instruction(lang, kind, "d", *turns)


@pytest.fixture(scope="module")
def taught(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Transformer]
) -> Subject:
    torch.manual_seed(0)
    model = make_model(vocab=subject.tokenizer.vocab_size, noise=0.0, depth=1, context=64)
    source = chat_source(subject.tokenizer, [as_row(each) for each in TAUGHT], 64, 0)
    config = TrainConfig(steps=120, rows=2, lr=0.02, warmup=5, validate_every=120, checkpoint_every=1000, threads=1)
    train(model.train(), source, all_batches(source, 4), config, scratch=tmp_path_factory.mktemp("scratch") / "run")
    return replace(subject, chat=model.eval())


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The tasks folder and the instruct folder, whose training answers are `7` twice, `10` once and some copies."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "instruct").mkdir()
    for name in ("arithmetic", "copy"):
        rows = [as_task_row(each) for each in QUESTIONS if each.task == name]
        write_rows(tmp_path / "tasks" / f"{name}.parquet", COLUMNS, rows)
    training = [chat("arithmetic", "1", "10"), chat("arithmetic", "2", "7"), chat("arithmetic", "3", "10")]
    training += [chat("arithmetic", "1", "7", lang="chinese"), chat("copy", "x", "crow fox")]
    write_rows(tmp_path / "instruct" / "train.parquet", INSTRUCT_COLUMNS, map(as_row, training))
    return tmp_path / "tasks", tmp_path / "instruct"


def test_a_model_that_knows_the_answers_gets_them_and_one_that_does_not_does_not(
    taught: Subject, folders: tuple[Path, Path]
) -> None:
    report = tasks(taught, *folders)
    assert list(report) == ["arithmetic/english", "arithmetic/chinese", "copy/english"]
    assert {name: figures["chat"] for name, figures in report.items()} == dict.fromkeys(report, 1.0)
    assert {name: figures["base"] for name, figures in report.items()} == dict.fromkeys(report, 0.0)
    assert {name: figures["ceiling"] for name, figures in report.items()} == dict.fromkeys(report, 1.0)
    assert {name: figures["examples"] for name, figures in report.items()} == dict(zip(report, (2, 1, 1), strict=True))


def test_the_cheap_baseline_is_the_commonest_answer_of_that_task_and_language(
    subject: Subject, folders: tuple[Path, Path]
) -> None:
    """English `10` twice against `7` once: right for one of two; Chinese `7`: right; copies: wrong."""
    report = tasks(subject, *folders)
    assert [report[name]["commonest"] for name in report] == [0.5, 1.0, 0.0]


def test_no_tasks_are_no_report(subject: Subject, folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert tasks(subject, tmp_path / "empty", folders[1]) == {}


def write_held_out(folder: Path, examples: list[Instruction]) -> Path:
    write_rows(folder / "test.parquet", INSTRUCT_COLUMNS, map(as_row, examples))
    return folder


def test_the_loss_is_that_of_the_assistants_tokens_and_their_end(subject: Subject, tmp_path: Path) -> None:
    """Written out for each example by itself: packing several into a row must not change it."""
    examples = [
        chat("fixing", "Mend it.", "The fox."),
        chat("fixing", "A", "B", "C", "the sea"),
        chat("chat", "Hm?", "No."),
    ]
    report = instructions(subject, {"mine": subject.milestones[2]}, write_held_out(tmp_path, examples))
    assert set(report) == {"base", "chat", "adapter mine"}
    for name, model in {"base": subject.base, "chat": subject.chat, "adapter mine": subject.milestones[2]}.items():
        for kind in ("fixing", "chat"):
            total, counted = 0.0, 0
            for example in (each for each in examples if each.kind == kind):
                ids, mask = encode_chat(subject.tokenizer, example.lang, json.loads(example.messages))
                with torch.no_grad():
                    logs = model(torch.tensor([ids[:-1]]))[0].log_softmax(-1)
                for place in range(1, len(ids)):
                    if mask[place]:
                        total -= float(logs[place - 1, ids[place]])
                        counted += 1
            assert report[name][kind] == pytest.approx(total / counted, abs=2e-4)


def test_training_lowers_the_loss_on_what_was_taught(taught: Subject, tmp_path: Path) -> None:
    report = instructions(taught, {}, write_held_out(tmp_path, TAUGHT))
    assert report["chat"]["arithmetic"] < 0.2
    assert report["base"]["arithmetic"] > 3


def test_a_kind_whose_examples_are_all_too_long_has_no_number(subject: Subject, tmp_path: Path) -> None:
    examples = [chat("chat", "Hm?", "No."), chat("fixing", "x", "fox " * 100)]
    report = instructions(subject, {}, write_held_out(tmp_path, examples))
    assert math.isnan(report["base"]["fixing"])
    assert math.isfinite(report["base"]["chat"])


def test_no_examples_are_no_numbers(subject: Subject, tmp_path: Path) -> None:
    assert instructions(subject, {}, write_held_out(tmp_path, [])) == {"base": {}, "chat": {}}


def test_choices_are_compared_by_likelihood_and_chance_stands_beside(subject: Subject, tmp_path: Path) -> None:
    """A made pair of two sentences of which the text of one was trained on by nobody: some share, and chance a half."""
    good, bad = "The sea is there.", "The sea are there."
    pairs = [
        Example(f"m/{n}", "minimal-pairs", "english", f"{good} / {bad}", gold, (good, bad))
        for n, gold in enumerate((good, bad))
    ]
    for folder in ("tasks", "instruct"):
        (tmp_path / folder).mkdir()
    write_rows(tmp_path / "tasks" / "minimal-pairs.parquet", COLUMNS, map(as_task_row, pairs))
    write_rows(tmp_path / "instruct" / "train.parquet", INSTRUCT_COLUMNS, [as_row(chat("copy", "x", "y"))])
    (figures,) = tasks(subject, tmp_path / "tasks", tmp_path / "instruct").values()
    # One of the two is called right whichever sentence the model likes.
    assert figures == {"examples": 2, "chat": 0.5, "base": 0.5, "commonest": 0.5, "ceiling": 1.0}
