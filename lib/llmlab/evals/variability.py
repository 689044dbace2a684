"""How much a score owes to the wording and to the draw: one model, one task, over templates and seeds."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from llmlab.artifacts.metrics import rounded
from llmlab.evals.answerer import Answerer
from llmlab.evals.suite import SuiteConfig, run_task
from llmlab.tasks.base import Task


def variability(task: Task, lang: str, answerer: Answerer, config: SuiteConfig, seeds: Sequence[int]) -> dict[str, Any]:
    """Scores by template and seed, and the spread along either.

    `by_template` is the standard deviation of the templates' means, `by_seed` the mean over templates of the deviation
    between seeds (other questions and other solved examples). A difference between models smaller than these two says
    nothing.
    """
    templates = [config.template] if config.template else _templates(task, answerer)
    scores = {
        template: [
            run_task(task, lang, answerer, replace(config, template=template, seed=seed))["score"] for seed in seeds
        ]
        for template in templates
    }
    means = [fmean(each) for each in scores.values()]
    return {
        "task": task.name,
        "lang": lang,
        "seeds": list(seeds),
        "scores": scores,
        "mean": rounded(fmean(means), 4),
        "low": min(min(each) for each in scores.values()),
        "high": max(max(each) for each in scores.values()),
        "by_template": rounded(_spread(means), 4),
        "by_seed": rounded(fmean(_spread(each) for each in scores.values()), 4),
    }


def _templates(task: Task, answerer: Answerer) -> list[str]:
    return list(task.style.chat if answerer.chats else task.style.templates)


def _spread(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0
