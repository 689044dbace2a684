"""The work of `lab sweep`: check every point, run those that are not finished, write tables and a picture."""

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_json
from llmlab.artifacts.params import load_section, read_params
from llmlab.cli.holders import scratch_root
from llmlab.cli.project import PARAMS, project_params
from llmlab.cli.sections import check_sections
from llmlab.model.config import ModelConfig
from llmlab.pipeline.graph import read_stages, stage_called
from llmlab.pipeline.grid import parse_grid, points, shown, value_text
from llmlab.pipeline.sweep import Prepared, Result, Sweep
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.viz.sweep import Line, draw_sweep

_SPINE = Path("dvc.yaml")
_BITS, _TEXT, _SEED = "bits_per_byte", "validation_text", "seed"


def sweep_over(words: Sequence[str], stage: str, out: Path | None, root: Path, dry: bool) -> None:
    """Run the sweep.

    Raises:
        LabError: a mistake in a key or a value, before anything runs; or points that failed, after all others ran.
    """
    grid = parse_grid(words)
    folder = out or root / "-".join([*grid, *([stage] if stage != "pretrain" else [])])
    extra = _bits_per_byte if stage == "pretrain" else lambda _: {}
    sweep = Sweep(Path.cwd(), stage, folder / "points", scratch_root(), lambda line: print(f"  {line}"), extra)
    _refresh_fingerprints()
    prepared = [_checked(sweep, point) for point in points(grid)]
    try:
        if dry:
            for each in prepared:
                state = "finished" if sweep.finished(each) else " ".join(stage.name for stage in each.stages)
                print(f"{shown(each.point)}: {state}")
            return
        results = _run_all(sweep, prepared)
    finally:
        for each in prepared:
            each.drop()
    _write(folder, results)
    failed = [result for result in results if result.problem]
    if failed:
        raise LabError(
            f"{len(failed)} of {len(results)} points failed, first {shown(failed[0].point)}: {failed[0].problem}",
            "look at that value; the same command runs the failed points again, and no others",
        )


def _checked(sweep: Sweep, point: dict[str, Any]) -> Prepared:
    """The point laid out, its whole params file read as the stages will read it."""
    prepared = sweep.prepare(point)
    path = prepared.folder / PARAMS
    try:
        check_sections(path)
    except LabError as error:
        prepared.drop()
        problem, remedy = (text.replace(str(path), str(PARAMS)) for text in (error.problem, error.remedy))
        raise LabError(f"{shown(point)}: {problem}", f"{remedy}, or sweep other values (nothing has run)") from error
    return prepared


def _refresh_fingerprints() -> None:
    """Let the stage `fingerprint` say what the code is now, so that results of other code are not taken for these."""
    stage = stage_called(read_stages(_SPINE, project_params()), "fingerprint")
    done = subprocess.run([sys.executable, *stage.command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"stage fingerprint failed: {done.stderr.strip()}", "run `dvc repro fingerprint` by hand")


def _run_all(sweep: Sweep, prepared: Sequence[Prepared]) -> list[Result]:
    """Each point once, those finished earlier not at all; time left from what the others took."""
    results: dict[str, Result] = {each.key: found for each in prepared if (found := sweep.finished(each)) is not None}
    waiting = list({each.key: each for each in prepared if each.key not in results}.values())
    print(f"{len(prepared)} points, {len(prepared) - len(waiting)} of them finished earlier")
    took: list[float] = []
    for number, each in enumerate(waiting, start=1):
        print(f"{number}/{len(waiting)} {shown(each.point)}: {' '.join(stage.name for stage in each.stages)}")
        result = sweep.run(each)
        results[each.key] = result
        took.append(result.seconds)
        left = sum(took) / len(took) * (len(waiting) - number)
        said = f"failed: {result.problem}" if result.problem else f"val_loss {result.metrics.get('val_loss')}"
        print(f"{number}/{len(waiting)} {shown(each.point)} {said} ({result.seconds:,.0f} s) ETA {left:,.0f} s")
    # The same numbers under another point, such as a default that was named, are one run.
    return [replace(results[each.key], point=each.point) for each in prepared]


def _write(folder: Path, results: Sequence[Result]) -> None:
    """`results.csv` with a row a point, `curves.csv` with a row a validation, `sweep.png`."""
    write_text(folder / "results.csv", _csv(_table(results)))
    write_text(folder / "curves.csv", _csv(_curves(results)))
    measure = _measure(results)
    drawn = [result for result in results if result.curve and not result.problem]
    draw_sweep([_line(result, measure) for result in drawn], folder / "sweep.png", measure)
    done = [result for result in results if not result.problem]
    if done:
        print(f"best: {_best(done, measure)}")
    if len({result.metrics.get(_TEXT) for result in done}) > 1:
        print("the points were validated on different texts, since a key reaches the split: compare with care")
    print(f"{folder}/results.csv, curves.csv, sweep.png")


def _best(done: Sequence[Result], measure: str) -> str:
    """The point whose mean over seeds is lowest: the luckiest seed of all is no property of a value."""
    groups: dict[str, list[float]] = {}
    for result in done:
        point = {key: value for key, value in result.point.items() if key != _SEED} or result.point
        groups.setdefault(shown(point), []).append(float(result.metrics.get(measure, math.inf)))
    name, values = min(groups.items(), key=lambda item: fmean(item[1]))
    spread = f" (mean of {len(values)} seeds, {min(values):.4f} to {max(values):.4f})" if len(values) > 1 else ""
    return f"{name}, {measure} {fmean(values):.4f}{spread}"


def _table(results: Sequence[Result]) -> list[list[str]]:
    figures = list(dict.fromkeys(name for result in results for name in result.metrics))
    rows = [[*results[0].point, "status", *figures, "seconds"]]
    for result in results:
        values = [value_text(value) for value in result.point.values()]
        found = [_cell(result.metrics.get(name)) for name in figures]
        rows.append([*values, result.problem or "done", *found, f"{result.seconds:.1f}"])
    return rows


def _curves(results: Sequence[Result]) -> list[list[str]]:
    columns = list(dict.fromkeys(name for result in results for point in result.curve for name in point))
    rows = [[*results[0].point, *columns]]
    for result in results:
        values = [value_text(value) for value in result.point.values()]
        rows += [[*values, *(_cell(point.get(name)) for name in columns)] for point in result.curve]
    return rows


def _measure(results: Sequence[Result]) -> str:
    """Nats per token compare only where tokens are the same; bits per byte always do."""
    return _BITS if any(_BITS in result.metrics for result in results) else "val_loss"


def _line(result: Result, measure: str) -> Line:
    curve = result.curve
    final = result.metrics.get(measure, math.nan)
    return Line(result.point, [each["tokens"] for each in curve], [each["val_loss"] for each in curve], final)


def _cell(value: Any) -> str:
    return "" if value is None else value_text(value)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows of a table; a cell with a comma or a quote goes between quotes (RFC 4180)."""
    quoted = [
        [f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\n') else cell for cell in row] for row in rows
    ]
    return "".join(",".join(row) + "\n" for row in quoted)


def _bits_per_byte(folder: Path) -> dict[str, Any]:
    """The validation loss in bits per byte of text, and which text that was."""
    params = folder / PARAMS
    metrics = folder / "metrics/pretrain.json"
    tokenizer = load_tokenizer(folder / "models/tokenizer")
    shard = read_shard(folder / "data/shards/val", tokenizer_hash(tokenizer))
    config, shape = load_section(params, "train", TrainConfig), load_section(params, "model", ModelConfig)
    isolated = config.mask_documents or config.packing == "documents"
    counted = sum(batch.counted for batch in evaluation_batches(shard, shape.context, config.rows, isolated))
    nats = read_params(metrics)["val_loss"] * counted
    return {
        _BITS: round(nats / math.log(2) / int(shard.text_bytes.sum()), 5),
        _TEXT: hash_json(list(shard.document_ids))[:8],
    }
