"""The metrics folder as one value: what every figure and table is drawn from."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import read_json

Tree = Mapping[str, Any]
TRAINING_STAGES = ("pretrain", "sft", "lora")
_COLUMNS = ("step", "tokens", "train_loss", "val_loss", "lr", "grad_norm")


@dataclass(frozen=True)
class Curve:
    """A training curve by column; NaN where the file has no number."""

    columns: Mapping[str, list[float]]

    def points(self, x: str, y: str) -> tuple[list[float], list[float]]:
        """The rows where both columns have a number."""
        pairs = [
            (a, b)
            for a, b in zip(self.columns[x], self.columns[y], strict=True)
            if math.isfinite(a) and math.isfinite(b)
        ]
        return [a for a, _ in pairs], [b for _, b in pairs]

    def best(self) -> tuple[float, float] | None:
        """Tokens and loss where the validation loss is lowest."""
        tokens, losses = self.points("tokens", "val_loss")
        return min(zip(tokens, losses, strict=True), key=lambda pair: pair[1], default=None)


@dataclass(frozen=True)
class Results:
    """Everything the stages measured; a part that is not there is empty."""

    languages: list[str]
    scrape: Tree
    clean: Tree
    dedupe: Tree
    decontaminate: Tree
    split: Tree
    tokenizer: Tree
    evaluation: Tree
    training: Mapping[str, Tree]
    curves: Mapping[str, Curve]


def read_results(metrics: Path, languages: Sequence[str] | None = None) -> Results:
    """Read the metrics folder.

    Args:
        metrics: the folder.
        languages: which languages, in which order; by default those that were evaluated, else those scraped.

    Raises:
        LabError: there is no such folder, or a file in it is not what its stage writes.
    """
    if not metrics.is_dir():
        raise LabError(f"{metrics} is missing", "run `dvc repro`, whose stages write it")
    evaluation = _tree(metrics / "eval.json", "evaluate")
    scrape = _by_language(metrics / "scrape", "scrape")
    base = find(evaluation, "bits_per_byte", "base") or {}
    return Results(
        languages=list(languages or [lang for lang in base if lang != "all"] or scrape),
        scrape=scrape,
        clean=_by_language(metrics / "clean", "clean"),
        dedupe=_tree(metrics / "dedupe.json", "dedupe"),
        decontaminate=_tree(metrics / "decontaminate.json", "decontaminate"),
        split=_tree(metrics / "split.json", "split"),
        tokenizer=_tree(metrics / "tokenizer.json", "train_tokenizer"),
        evaluation=evaluation,
        training={stage: _tree(metrics / f"{stage}.json", stage) for stage in TRAINING_STAGES},
        curves=_curves(metrics / "curves"),
    )


def find(tree: Any, *keys: str) -> Any:
    """What stands under a path of keys; None where the path ends early."""
    for key in keys:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(key)
    return tree


def number(tree: Any, *keys: str) -> float | None:
    """The finite number under a path of keys; None when there is none."""
    value = find(tree, *keys)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def read_curve(path: Path) -> Curve:
    """A training curve; a missing column or a value that is no number becomes NaN."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    columns = {name: [_float(row.get(name)) for row in rows] for name in _COLUMNS}
    # A validation before the first step has no training loss yet; the trainer writes 0 there.
    columns["train_loss"] = [
        math.nan if step == 0 else loss for step, loss in zip(columns["step"], columns["train_loss"], strict=True)
    ]
    return Curve(columns)


def _curves(folder: Path) -> dict[str, Curve]:
    curves = {
        stage: read_curve(folder / f"{stage}.tsv") for stage in TRAINING_STAGES if (folder / f"{stage}.tsv").exists()
    }
    return {stage: curve for stage, curve in curves.items() if curve.columns["step"]}


def _by_language(folder: Path, stage: str) -> dict[str, Tree]:
    return {path.stem: _tree(path, stage) for path in sorted(folder.glob("*.json"))}


def _tree(path: Path, stage: str) -> Tree:
    if not path.exists():
        return {}
    tree = read_json(path, stage)
    if not isinstance(tree, dict):
        raise LabError(f"{path} holds no keys", f"run `dvc repro -f {stage}`, which writes it")
    return tree


def _float(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
