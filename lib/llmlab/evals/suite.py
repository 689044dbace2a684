"""Tasks put to a model: a row of figures for each, with an interval, what chance gets, and what it cost."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Any

from pydantic import Field

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.metrics import rounded
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Answerer
from llmlab.evals.bootstrap import interval, mean_interval
from llmlab.evals.choice import choose
from llmlab.evals.completion import spread
from llmlab.evals.pass_at_k import mean_pass_at_k
from llmlab.runtime.seed import numpy_generator
from llmlab.tasks.base import Example, Task
from llmlab.tasks.published import PublishedTask
from llmlab.tasks.templates import Prompt, render, template_named

Row = dict[str, Any]
_DRAWN = 1000
_SAMPLE = 100
# A byte of which nothing is known.
_CHANCE_BITS = 8.0


@dataclass(frozen=True, kw_only=True)
class SuiteConfig:
    """How tasks are put."""

    limit: Annotated[int, Field(ge=0)] = 200
    """Most questions per task and language, and documents per set of texts; 0: all there are, of made ones 1000."""
    shots: Annotated[int, Field(ge=0, le=64)] = 0
    """Solved examples before each question, from the task's training split."""
    seed: int = 1
    """Of the questions, of the solved examples and of what is sampled."""
    template: str = ""
    """What stands around a question; empty: as the task likes it."""
    samples: Annotated[int, Field(gt=0, le=1000)] = 1
    """Written answers per question: one is the likeliest, several are drawn."""
    k: Annotated[int, Field(gt=0)] = 1
    """pass@k is given beside pass@1."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 0.8
    """Of drawn answers."""
    characters: Annotated[int, Field(gt=0)] = 1000
    """Most characters of a document of a set of texts."""


def run_task(task: Task, lang: str, answerer: Answerer, config: SuiteConfig) -> Row:
    """Put one task in one language.

    Raises:
        LabError: the task has no examples in that language, or too few solved ones; the data is not at hand.
    """
    before = _spent(answerer)
    examples = _examples(task, lang, config)
    template = template_named(config.template or (task.style.chat if answerer.chats else task.style.templates)[0])
    solved = _solved(task, lang, config)
    prompts = [render(template, example, solved) for example in examples]
    figures = (_chosen if task.kind == "choose" else _written)(task, examples, prompts, answerer, config)
    facts = {"task": task.name, "lang": lang, "template": template.name, "shots": config.shots}
    return {**facts, "examples": len(examples), **figures, **_cost(answerer, before)}


def run_texts(name: str, lang: str, texts: Sequence[str], answerer: Answerer, config: SuiteConfig) -> Row:
    """Bits per byte and perplexity of a set of texts, each cut to `characters`; the interval is over documents."""
    before = _spent(answerer)
    kept = [text[: config.characters] for text in (spread(texts, config.limit) if config.limit else texts)]
    if not kept:
        raise LabError(f"{name} has no documents", "name another set of texts")
    scored = answerer.surprise(kept, lang)
    low, high = interval(
        lambda chosen: scored.among(chosen).bits_per_byte(), len(kept), numpy_generator(config.seed, "bootstrap")
    )
    figures = {
        "score": rounded(scored.bits_per_byte(), 4),
        "low": rounded(low, 4),
        "high": rounded(high, 4),
        "chance": _CHANCE_BITS,
        "perplexity": rounded(scored.perplexity(), 3),
        "bytes": int(scored.text_bytes.sum()),
    }
    facts = {"task": name, "lang": lang, "unit": "bits per byte", "examples": len(kept)}
    return {**facts, **figures, **_cost(answerer, before)}


def run_suite(
    names: Sequence[str], tasks: Mapping[str, Task], languages: Iterable[str], answerer: Answerer, config: SuiteConfig
) -> Iterator[Row]:
    """A row for each task and language, as they are done; a task that cannot be put here says why in `status`."""
    for name in names:
        for lang in languages:
            if lang not in tasks[name].languages():
                continue
            try:
                yield run_task(tasks[name], lang, answerer, config)
            except LabError as error:
                yield {"task": name, "lang": lang, "status": error.problem, "remedy": error.remedy}


def greedy(longest: int) -> SamplingConfig:
    """The likeliest tokens, at most `longest`."""
    return SamplingConfig(temperature=0, max_new=longest)


def room_for(task: Task, examples: Sequence[Example], answerer: Answerer) -> int:
    """Tokens that a written answer may take."""
    return task.style.max_new or max(answerer.count(example.answer) for example in examples) + 4


def commonest(task: Task, lang: str, seed: int) -> str:
    """The training answer that is right most often: what somebody writes who never reads the question."""
    training = task.examples(lang, "train", _SAMPLE, seed)
    answers = dict.fromkeys(example.answer for example in training)
    return max(answers, key=lambda answer: sum(task.grade(example, answer) for example in training), default="")


def _examples(task: Task, lang: str, config: SuiteConfig) -> list[Example]:
    count = config.limit or (sys.maxsize if isinstance(task, PublishedTask) else _DRAWN)
    examples = task.examples(lang, "test", count, config.seed)
    if not examples:
        raise LabError(f"task {task.name} has no test questions in {lang}", f"ask in {', '.join(task.languages())}")
    return examples


def _solved(task: Task, lang: str, config: SuiteConfig) -> list[Example]:
    solved = task.examples(lang, "train", config.shots, config.seed)
    if len(solved) < config.shots:
        raise LabError(
            f"task {task.name} has {len(solved)} solved examples in {lang}, not {config.shots}", "lower --shots"
        )
    return solved


def _chosen(
    task: Task, examples: Sequence[Example], prompts: Sequence[Prompt], answerer: Answerer, config: SuiteConfig
) -> Row:
    chosen = choose(answerer, examples, prompts)
    normalised = mean_interval(chosen.normalised, numpy_generator(config.seed, "bootstrap"))
    return {
        "unit": "accuracy",
        **_mean(chosen.plain, config.seed),
        "chance": rounded(fmean(chosen.chance), 4),
        "normalised": rounded(fmean(chosen.normalised), 4),
        "normalised_low": rounded(normalised[0], 4),
        "normalised_high": rounded(normalised[1], 4),
    }


def _written(
    task: Task, examples: Sequence[Example], prompts: Sequence[Prompt], answerer: Answerer, config: SuiteConfig
) -> Row:
    longest = room_for(task, examples, answerer)
    drawn = SamplingConfig(temperature=config.temperature, max_new=longest)
    sampling = greedy(longest) if config.samples == 1 else drawn
    repeated = [prompt for prompt in prompts for _ in range(config.samples)]
    texts = iter(answerer.write(repeated, sampling, task.style.stops, config.seed))
    grades = [[task.grade(example, next(texts)) for _ in range(config.samples)] for example in examples]
    cheap = commonest(task, examples[0].lang, config.seed)
    passes = {}
    if config.samples > 1:
        counts = [sum(grade == 1 for grade in each) for each in grades]
        wanted = sorted({1, min(config.k, config.samples)})
        passes = {f"pass@{k}": rounded(mean_pass_at_k(counts, config.samples, k), 4) for k in wanted}
    chance = fmean(task.grade(example, cheap) for example in examples) if cheap else 0.0
    return {
        "unit": "right",
        **_mean([fmean(each) for each in grades], config.seed),
        "chance": rounded(chance, 4),
        **passes,
    }


def _mean(values: Sequence[float], seed: int) -> Row:
    low, high = mean_interval(values, numpy_generator(seed, "bootstrap"))
    return {"score": rounded(fmean(values), 4), "low": rounded(low, 4), "high": rounded(high, 4)}


def _spent(answerer: Answerer) -> tuple[int, int, int, float]:
    cost = answerer.cost
    return cost.read, cost.written, cost.cut, time.perf_counter()


def _cost(answerer: Answerer, before: tuple[int, int, int, float]) -> Row:
    """What was spent since: tokens, prompts that lost their beginning, and time, which differs from run to run."""
    read, written, cut, now = (b - a for a, b in zip(before, _spent(answerer), strict=True))
    return {"tokens_read": read, "tokens_written": written, "cut": cut, "seconds": round(now, 2)}
