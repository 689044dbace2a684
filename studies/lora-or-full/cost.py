"""What each arm costs: numbers trained, bytes by part, and processor time of a step on this machine."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from arms import PARAMS, Arm, Field, prepared, read_arms, read_field

from llmlab.artifacts.metrics import rounded, write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.device import set_threads
from llmlab.runtime.saved_tensors import bytes_of, kept_for_backward
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train

_FP32, _MOMENTS = 4, 2


def main(*, texts: Path, base: Path, out: Path) -> None:
    """Every arm on the first domain whose syntax has roles."""
    config = load_section(PARAMS, "train", TrainConfig)
    set_threads(config.threads)
    times = load_value(PARAMS, "cost", dict[str, int])
    field, found = read_field(texts, base, "dialect"), {}
    for name, arm in read_arms().items():
        found[name] = cost_of(field, arm, config, times)
        write_metrics(out, found)


def cost_of(field: Field, arm: Arm, config: TrainConfig, times: dict[str, int]) -> dict[str, Any]:
    """Bytes are those of a step: weights, gradients and AdamW's moments of what is trained, and what is kept."""
    ready = prepared(field, arm, 0)
    trained = sum(each.numel() for each in ready.model.parameters() if each.requires_grad)
    batch = ready.source.batch(0, config.rows)
    parts = {
        "weights": bytes_of([*ready.model.parameters(), *ready.model.buffers()]),
        "gradients": _FP32 * trained,
        "moments": _FP32 * _MOMENTS * trained,
        "activations": kept_for_backward(ready.model.train(), lambda: ready.loss(ready.model, batch)),
    }
    fastest = min(_seconds(field, arm, config, times["steps"]) for _ in range(times["times"]))
    kibibytes = {name: round(value / 1024) for name, value in parts.items()}
    return {"trained": trained, **kibibytes, "milliseconds": rounded(1000 * fastest, 1)}


def _seconds(field: Field, arm: Arm, config: TrainConfig, steps: int) -> float:
    """Processor seconds of a step: the first few, in which memory is taken, are left out."""
    marks: list[float] = []
    ready = prepared(field, arm, 0)
    scratch, run = Path(".scratch") / "cost", replace(config, steps=steps + 4, warmup=1)
    shutil.rmtree(scratch, ignore_errors=True)
    train(
        ready.model,
        ready.source,
        ready.validation[:1],
        run,
        scratch=scratch,
        name="cost",
        loss=ready.loss,
        after_step=lambda step: marks.append(time.process_time()),
    )
    shutil.rmtree(scratch, ignore_errors=True)
    # The last mark comes after the closing validation.
    return (marks[-2] - marks[1]) / (len(marks) - 3)


if __name__ == "__main__":
    run_stage(main)
