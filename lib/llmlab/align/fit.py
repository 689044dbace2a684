"""Align a model by any of the methods, through the one training loop."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import nn

from llmlab.align.dpo import PreferenceLoss
from llmlab.align.groups import GroupSource
from llmlab.align.grpo import GroupLoss
from llmlab.align.imitation import answers_source, best_answers, demonstrations
from llmlab.align.online import OnlinePairSource
from llmlab.align.pairs import PairSource, pairs_from
from llmlab.align.problems import Problems
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import RewardConfig
from llmlab.align.rollouts import roll_out
from llmlab.align.rounds import Drawing, Rounds
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.batches import BatchSource
from llmlab.train.loop import Outcome, train
from llmlab.train.losses import Loss, next_token_loss


@dataclass(frozen=True)
class Aligned:
    """What a run ended with, the figures of its rounds of answers, and what it cost.

    `forward` and `trained` count positions: read once to write or judge, and learned from (a pass forward and one
    back, which is about three times the work).
    """

    outcome: Outcome
    history: Sequence[dict[str, float]]
    forward: int
    trained: int

    @property
    def compute(self) -> int:
        """All work in forward passes of one position."""
        return self.forward + 3 * self.trained


class _Plan(NamedTuple):
    """Source and loss of a method; figures of answers drawn beforehand, and positions read for them, or rounds."""

    source: BatchSource
    loss: Loss
    history: Sequence[dict[str, float]] = ()
    forward: int = 0
    rounds: Rounds | None = None


def align(
    model: Transformer,
    problems: Problems,
    held_out: Problems,
    config: AlignConfig,
    *,
    seed: int,
    scratch: Path,
    name: str = "align",
) -> Aligned:
    """Train what requires gradients in `model`, which is changed in place.

    Dropout is switched off for good: what was drawn and what is judged must be the same model. A validation is the
    mean reward of the likeliest answers to `held_out`, negated, for every method.

    Args:
        model: on its device; as it is now it is the reference too.
        problems: to learn from.
        held_out: to choose the best weights by.
        config: how.
        seed: of all that is drawn.
        scratch: as `train.loop.train`.
        name: as `train.loop.train`.

    Raises:
        LabError: as `train`, or nothing to learn from.
    """
    without_dropout(model)
    plan = _plan(model, problems, config, seed)
    outcome = train(
        model,
        plan.source,
        [],
        config.train,
        scratch=scratch,
        name=name,
        loss=plan.loss,
        measure=reward_lacking(held_out, config.sampling, config.reward),
    )
    if plan.rounds is not None:
        history = plan.rounds.history
        forward, trained = (int(sum(each[name] for each in history)) for name in ("forward", "trained"))
        return Aligned(outcome, history, forward, trained)
    return Aligned(outcome, plan.history, plan.forward, _positions(plan.source, outcome, config.train.rows))


def without_dropout(model: nn.Module) -> None:
    """Set every dropout to 0."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def reward_lacking(problems: Problems, sampling: SamplingConfig, reward: RewardConfig) -> Callable[[nn.Module], float]:
    """A measure for the loop: minus the mean reward of the likeliest answers."""
    likeliest = SamplingConfig(temperature=0, max_new=sampling.max_new)
    numbers = range(len(problems.prompts))

    def measure(model: nn.Module) -> float:
        assert isinstance(model, Transformer)
        found = roll_out(model, problems, numbers, likeliest, reward, torch_generator(0, "unused"))
        return -sum(each.reward for each in found) / len(found)

    return measure


def _plan(model: Transformer, problems: Problems, config: AlignConfig, seed: int) -> _Plan:
    drawing = Drawing(problems, config.sampling, config.reward, config.group.size, seed)
    context, order = model.config.context, derive(seed, "order of answers")
    if config.method == "imitate":
        return _Plan(demonstrations(problems, context, order), next_token_loss)
    if config.method == "grpo":
        reference = _frozen(model) if config.group.kl else None
        groups = GroupSource(model, drawing, config.group, config.train.rows, reference)
        return _Plan(groups, GroupLoss(config.group, config.sampling.temperature), rounds=groups.rounds)
    if config.method == "online-dpo":
        online = OnlinePairSource(model, drawing, config.train.rows, _frozen(model))
        return _Plan(online, PreferenceLoss(config.preference), rounds=online.rounds)
    first = Rounds(model, drawing, config.ask * config.group.size)
    rollouts = first.draw(0)
    forward = int(first.history[0]["forward"])
    if config.method == "best-of":
        best = best_answers(rollouts, config.group.size, config.floor)
        answers = answers_source(problems, [(each.problem, each.ids) for each in best], context, order)
        return _Plan(answers, next_token_loss, first.history, forward)
    found = pairs_from(problems.prompts, rollouts, config.group.size, config.pairs, order)
    pairs = PairSource(found, model, context, order)
    return _Plan(pairs, PreferenceLoss(config.preference), first.history, forward + pairs.judged)


def _frozen(model: Transformer) -> Transformer:
    return copy.deepcopy(model).requires_grad_(False).eval()


def _positions(source: BatchSource, outcome: Outcome, rows: int) -> int:
    """Positions learned from in all steps, padding included: it is computed too."""
    steps = outcome.curve[-1]["step"]
    return sum(source.batch(step * rows, rows).ids_BT.numel() for step in range(steps))
