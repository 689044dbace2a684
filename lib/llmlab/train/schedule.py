"""The learning rate over a run, as a share of its peak."""

import math

from llmlab.train.config import TrainConfig


def rate(step: int, config: TrainConfig) -> float:
    """Share of the peak learning rate for update number `step` (from 0).

    Warm-up is linear, so that update `warmup - 1` is the first at the peak; then cosine (Loshchilov & Hutter 2017,
    arXiv 1608.03983, equation 5 without restarts), linear or constant down to `final_lr` at the last update.
    """
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.schedule == "constant":
        return 1.0
    progress = min(1.0, (step + 1 - config.warmup) / max(1, config.steps - config.warmup))
    fall = (1 + math.cos(math.pi * progress)) / 2 if config.schedule == "cosine" else 1 - progress
    return config.final_lr + (1 - config.final_lr) * fall
