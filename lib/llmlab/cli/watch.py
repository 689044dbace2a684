"""`lab watch`: the training under way, live, in a terminal of its own.

It only reads the tables that a run logs (`.runs/logs`), so it does not care who started the run: `dvc repro` may end,
be killed and start again below it.
"""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from llmlab.cli.project import PARAMS, RUNS, project_params

_SECTIONS = {"pretrain": "train", "sft": "sft", "lora": "lora.train"}
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60


@dataclass(frozen=True)
class Look:
    """What the tables of one run said at one moment."""

    stage: str
    key: str
    steps: list[dict[str, float]]
    validations: list[dict[str, float]]
    when: float


def watch(
    once: Annotated[bool, typer.Option("--once", help="Print the present state and leave.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 1.0,
) -> None:
    """Follow the training that is under way, whoever started it; Ctrl-C leaves, the training goes on."""
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    project_params()
    before = look(RUNS / "logs")
    if once:
        print(picture(before, None))
        return
    try:
        with Live(Text(picture(before, None)), auto_refresh=False) as live:
            while True:
                time.sleep(every)
                now = look(RUNS / "logs")
                live.update(Text(picture(now, before)), refresh=True)
                before = now
    except KeyboardInterrupt:
        return


def look(logs: Path) -> Look | None:
    """The run that logged last, or None when none has."""
    tables = sorted(logs.glob("*/*/train.tsv"), key=lambda path: path.stat().st_mtime_ns)
    if not tables:
        return None
    folder = tables[-1].parent
    steps, validations = _rows(tables[-1]), _rows(folder / "validation.tsv")
    return Look(folder.parent.name, folder.name, steps, validations, time.monotonic())


def picture(now: Look | None, before: Look | None) -> str:
    """The state as text; the speed is what was done since the look before."""
    if now is None or not now.steps:
        return "no training has logged anything yet: `dvc repro` starts one"
    last, total = now.steps[-1], _total(now.stage)
    of = f" of {total}" if total else ""
    lines = [f"{now.stage} {now.key}  step {last['step']:.0f}{of}{_speed(now, before)}"]
    lines.append(f"  loss {last['loss']:.4f}  gradient norm {last['grad_norm']:.3f}  rate {last['lr']:.2g}")
    lines.append(f"  {curve([row['loss'] for row in now.steps])}")
    if now.validations:
        best, latest = min(now.validations, key=lambda row: row["loss"]), now.validations[-1]
        lines.append(f"  validation {latest['loss']:.4f} at step {latest['step']:.0f}")
        lines[-1] += f", best {best['loss']:.4f} at step {best['step']:.0f}"
    return "\n".join(lines)


def curve(values: list[float]) -> str:
    """The whole course in one line of bars, each the mean of its share of the steps."""
    pieces = min(_WIDTH, len(values))
    ends = [len(values) * piece // pieces for piece in range(pieces + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(ends)]
    low, high = min(means), max(means)
    return "".join(_BARS[round((len(_BARS) - 1) * (mean - low) / ((high - low) or 1))] for mean in means)


def _rows(path: Path) -> list[dict[str, float]]:
    """The whole rows of a table; the last may be half written."""
    if not path.exists():
        return []
    head, *rows = path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() or [""]
    names = head.split("\t")
    return [dict(zip(names, map(float, row.split("\t")), strict=True)) for row in rows]


def _total(stage: str) -> int | None:
    """The steps that params.yaml sets now; they may have been edited since the run began."""
    from llmlab.artifacts.params import read_params  # noqa: PLC0415

    values = read_params(PARAMS)
    for key in _SECTIONS.get(stage, stage).split("."):
        values = values.get(key) or {}
    steps = values.get("steps")
    return steps if isinstance(steps, int) else None


def _speed(now: Look, before: Look | None) -> str:
    if before is None or before.key != now.key or not before.steps:
        return ""
    done = now.steps[-1]["tokens"] - before.steps[-1]["tokens"]
    return f"  {max(0.0, done / max(1e-9, now.when - before.when)):,.0f} tokens/s"
