"""What a run tells while it runs: a live line for the person, numbers for the loggers."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from llmlab.train.loggers import Logger


class Update(TypedDict):
    """One step: tokens seen so far, mean loss in nats per token, gradient norm before clipping, AdamW's rate."""

    tokens: int
    loss: float
    grad_norm: float
    lr: float


class Point(TypedDict):
    """One validation: step, tokens seen, losses in nats per token, AdamW's learning rate, gradient norm."""

    step: int
    tokens: int
    train_loss: float
    val_loss: float
    lr: float
    grad_norm: float


@dataclass
class Journal:
    """Progress of one run of `steps`; a bar on a terminal, a plain line per validation elsewhere."""

    steps: int
    name: str
    loggers: Sequence[Logger] = ()
    silent: bool = False
    """One of several processes of which another one speaks."""
    started: float = field(default_factory=time.perf_counter)
    tokens: int = 0
    _progress: Progress | None = None

    def __enter__(self) -> "Journal":
        """Start the bar."""
        if sys.stderr.isatty() and not self.silent:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            times = (TimeElapsedColumn(), TextColumn("ETA"), TimeRemainingColumn())
            self._progress = Progress(*columns, *times, console=Console(stderr=True), refresh_per_second=4)
            self._progress.start()
            self._progress.add_task(self.name, total=self.steps)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the bar."""
        for logger in self.loggers:
            logger.close()
        if self._progress is not None:
            self._progress.stop()

    def start(self, step: int) -> None:
        """The run begins, or goes on after `step`: what was logged of later steps is dropped."""
        for logger in self.loggers:
            logger.start(step)

    def step(self, step: int, tokens: int, update: Update) -> None:
        """One step is done, `step` of them in all, on so many `tokens`."""
        self.tokens += tokens
        for logger in self.loggers:
            logger.log("train", step, {name: round(float(value), 10) for name, value in update.items()})  # type: ignore[arg-type]
        if self._progress is not None:
            text = f"{self.name} loss {update['loss']:.3f} {self.tokens_per_second():,.0f} tokens/s"
            self._progress.update(self._progress.task_ids[0], completed=step, description=text)

    def validated(self, point: Point) -> None:
        """Print a validation."""
        for logger in self.loggers:
            logger.log("validation", point["step"], {"loss": point["val_loss"], "train_loss": point["train_loss"]})
        elapsed = time.perf_counter() - self.started
        left = elapsed / max(1, point["step"]) * (self.steps - point["step"])
        losses = f"train {point['train_loss']:.4f} val {point['val_loss']:.4f} grad {point['grad_norm']:.2f}"
        speed = f"{self.tokens_per_second():,.0f} tokens/s ETA {left:,.0f} s"
        line = f"{self.name} step {point['step']}/{self.steps} {losses} {speed}"
        if self._progress is not None:
            self._progress.console.print(line, highlight=False)
        elif not self.silent:
            print(line, file=sys.stderr, flush=True)

    def tokens_per_second(self) -> float:
        """Trained tokens per second since the start (validation and saving included)."""
        return self.tokens / max(1e-9, time.perf_counter() - self.started)
