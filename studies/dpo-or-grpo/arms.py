"""Four methods from one start, at one budget of compute, and what each of them came to."""

import copy
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from llmlab.align.fit import Aligned, align
from llmlab.align.lift import Solved, history_report, skill_of, win_rate
from llmlab.align.problems import Grade, Problems
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import RewardConfig
from llmlab.align.rollouts import roll_out
from llmlab.artifacts.metrics import rounded, write_metrics
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.completion import spread
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.train.loop import put_weights


@dataclass(frozen=True)
class Field:
    """Where the arms compete: problems of three sets, what is right, and the text that tells the price."""

    train: Problems
    held_out: Problems
    test: Problems
    solved: Solved
    bits: Callable[[Transformer], float]
    drawn: int
    plain: Grade | None = None
    """Tells figures of the likeliest answers to the test, instead of the grade that decides; None: no figures."""
    shown: int = 0
    """So many of those answers are kept to be read."""


def compete(start: Transformer, field: Field, arms: dict[str, AlignConfig], seed: int, out: Path) -> None:
    """Run `grpo` first, which sets the budget, then the others; the report is written after each of them."""
    sampling, reward = arms["grpo"].sampling, arms["grpo"].reward
    judge = {"drawn": field.drawn, "seed": seed}
    before = skill_of(start, field.test, sampling, reward, field.solved, **judge)
    bits = field.bits(start)
    written = likeliest_of(start, field, sampling, reward)
    report: dict[str, Any] = {"start": {**before.report(), "bits_per_byte": rounded(bits, 4), **written}}
    budget: Aligned | None = None
    for name, config in arms.items():
        model = copy.deepcopy(start)
        steps = config.train.steps if budget is None else affordable(config, budget, model.config.context)
        run = replace(config, train=replace(config.train, steps=steps))
        scratch = Path(".scratch") / f"{out.stem}-{name}"
        aligned = align(model, field.train, field.held_out, run, seed=seed, scratch=scratch, name=name)
        shutil.rmtree(scratch, ignore_errors=True)
        budget = budget or aligned
        put_weights(model, aligned.outcome.best if config.train.keep == "best" else aligned.outcome.last)
        after = skill_of(model, field.test, sampling, reward, field.solved, **judge)
        price = field.bits(model)
        report[name] = {
            **after.report(),
            "bits_per_byte": rounded(price, 4),
            "tax": rounded(price / bits - 1, 4),
            "win_rate": win_rate(after, before, seed),
            "steps": steps,
            "compute": aligned.compute,
            "share_of_budget": rounded(aligned.compute / budget.compute, 3),
            **history_report(aligned.history),
            **likeliest_of(model, field, sampling, reward),
        }
        write_metrics(out, report)


def likeliest_of(model: Transformer, field: Field, sampling: SamplingConfig, reward: RewardConfig) -> dict[str, Any]:
    """What the likeliest answers to the test are: parts of the reward, how alike they are, and some to be read.

    One answer to everything is the collapse that a cheap reward invites, and no mean of rewards tells it.
    """
    if field.plain is None:
        return {}
    numbers = range(len(field.test.prompts))
    greedy = SamplingConfig(temperature=0, max_new=sampling.max_new)
    found = roll_out(model, field.test, numbers, greedy, reward, torch_generator(0, "unused"))
    texts = Counter(each.text.strip() for each in found)
    commonest, times = texts.most_common(1)[0]
    parts = [field.plain(each.problem, each.text, each.ended) for each in found]
    ask = field.test.tokenizer.decode
    return {
        "parts": {name: rounded(fmean(each[name] for each in parts), 4) for name in parts[0]},
        "distinct": rounded(len(texts) / len(found), 4),
        "commonest": {"answer": commonest, "share": rounded(times / len(found), 4)},
        "answers": [
            {"prompt": ask(field.test.prompts[each.problem]), "answer": each.text, "right": field.solved(each)}
            for each in spread(found, field.shown)
        ],
    }


def affordable(config: AlignConfig, budget: Aligned, context: int) -> int:
    """Steps that cost what is left of the budget; answers drawn beforehand cost what as many cost grpo."""
    if config.method in ("imitate", "best-of"):
        drawing, positions = (0 if config.method == "imitate" else budget.forward), config.train.rows * context
    else:
        # A pair is two rows as wide as those of grpo; the reference reads each pair once.
        width = budget.trained / (budget.outcome.curve[-1]["step"] * config.group.size * _prompts(config, budget))
        positions = int(2 * config.train.rows * width)
        drawing = budget.forward + int(2 * config.ask * config.pairs * width)
    return max(config.train.warmup + 1, (budget.compute - drawing) // (3 * positions))


def _prompts(config: AlignConfig, budget: Aligned) -> float:
    """Prompts of a step of grpo: as many in all as `ask` names."""
    return config.ask / budget.outcome.curve[-1]["step"]
