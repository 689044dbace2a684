"""A model of ours under lm-evaluation-harness, so that its numbers and ours can be set side by side.

Only what the harness asks is answered here; its tasks, prompts and metrics are its own. Its module is imported on top,
since its models are subclasses, so nothing but `lab eval --harness` imports this file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.model import LM
from lm_eval.evaluator import evaluate as harness_evaluate
from lm_eval.tasks import TaskManager

from llmlab.evals.answerer import Answerer
from llmlab.evals.suite import greedy
from llmlab.tasks.templates import Prompt

_LONGEST = 256


class HarnessModel(LM):
    """An answerer behind the harness's interface; everything is asked as a document of one language."""

    def __init__(self, answerer: Answerer, lang: str) -> None:
        super().__init__()
        self._answerer, self._lang = answerer, lang

    def loglikelihood(self, requests: Sequence[Any], **_: Any) -> list[tuple[float, bool]]:
        """Of each continuation after its context; blanks that end a context are the continuation's."""
        asked = [self._pair(*request.args) for request in requests]
        return [(-each.nats, each.greedy) for each in self._answerer.likelihoods(asked)]

    def loglikelihood_rolling(self, requests: Sequence[Any], **_: Any) -> list[float]:
        """Of each text as a document."""
        scored = self._answerer.surprise([request.args[0] for request in requests], self._lang)
        return [-float(nats) for nats in scored.nats]

    def generate_until(self, requests: Sequence[Any], **_: Any) -> list[str]:
        """The likeliest continuations, each up to the stops that its task names."""
        written = []
        for request in requests:
            context, wanted = request.args
            sampling = greedy(int(wanted.get("max_gen_toks", _LONGEST)))
            stops = wanted.get("until") or []
            stops = [stops] if isinstance(stops, str) else stops
            written += self._answerer.write([Prompt(self._lang, text=context)], sampling, stops, 0)
        return written

    def _pair(self, context: str, continuation: str) -> tuple[Prompt, str]:
        kept = context.rstrip()
        return Prompt(self._lang, text=kept), context[len(kept) :] + continuation


def run_harness(
    answerer: Answerer, names: Sequence[str], lang: str, *, limit: int, shots: int, folder: Path | None = None
) -> dict[str, Any]:
    """The harness's figures by task; of the tasks in `folder` where one is given."""
    # Its own thousands of tasks take a while to be indexed, and are not wanted beside those of a folder.
    manager = TaskManager(include_path=str(folder), include_defaults=False) if folder else TaskManager()
    loaded = manager.load(list(names))
    for task in loaded["tasks"].values():
        task.set_config(key="num_fewshot", value=shots)
    # Not its `simple_evaluate`, which also lists the machine's packages and versions.
    outcome = harness_evaluate(
        HarnessModel(answerer, lang), loaded, limit=limit or None, bootstrap_iters=0, log_samples=False
    )
    return {name: dict(figures) for name, figures in (outcome or {})["results"].items()}
