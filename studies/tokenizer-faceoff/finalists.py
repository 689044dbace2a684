"""Which cells train a model, by their intrinsic figures. See dvc.yaml for how it is called.

The rule, set before the run: for a corpus at a vocabulary, of the kinds that gave every held-out text back exactly, the
two with the most bytes per token; of the others the one with the highest Rényi efficiency; and the kind of the
pipeline's default, as the control.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cells import Row, Texts, read_texts
from run import UNSIZED, MeasureConfig

from llmlab.artifacts.atomic import atomic_folder, write_json
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage
from llmlab.tokenizer.base import save_tokenizer
from llmlab.tokenizer.table import train_tokenizer

PARAMS = Path("params.yaml")


@dataclass(frozen=True, kw_only=True)
class FinalistsConfig:
    """Section `finalists` of the study's params.yaml."""

    control: str
    """The kind that is a finalist wherever it can be trained."""
    sizes: dict[str, list[int]]
    """Corpus to the vocabularies that finalists are chosen at."""


def main(*, cells: Path, texts: Path, chosen: Path, out: Path) -> None:
    """Write who the finalists are, and their tokenizers into `<corpus>-<kind>-<size>`."""
    config, measure = load_section(PARAMS, "finalists", FinalistsConfig), load_section(PARAMS, "measure", MeasureConfig)
    rows = [row for path in sorted(cells.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]
    finalists = [
        {"corpus": corpus, "kind": row["kind"], "size": size, "why": row["why"]}
        for corpus, sizes in config.sizes.items()
        for size in sizes
        for row in choose([row for row in rows if (row["corpus"], row["size"]) == (corpus, size)], config.control)
    ]
    write_json(chosen, finalists)
    found = read_texts(texts, measure.train_bytes)
    with atomic_folder(out) as folder:
        for each in finalists:
            _store(each, measure, found, folder)


def choose(rows: Iterable[Row], control: str) -> list[dict[str, Any]]:
    """The finalists of one corpus at one vocabulary, in the order of the rule, each with the reason."""
    able = [row for row in rows if row.get("exact") and row["kind"] not in UNSIZED]
    longest = sorted(able, key=lambda row: -row["all"]["bytes_per_token"])[:2]
    others = [row for row in able if row not in longest]
    evenest = sorted(others, key=lambda row: -row["all"]["renyi"])[:1]
    controls = [row for row in able if row["kind"] == control and row not in [*longest, *evenest]]
    reasons = [(longest, "bytes per token"), (evenest, "Rényi efficiency"), (controls, "control")]
    return [{**row, "why": why} for part, why in reasons for row in part]


def name_of(finalist: Row) -> str:
    """The folder of its tokenizer."""
    return f"{finalist['corpus']}-{finalist['kind']}-{finalist['size']}"


def _store(finalist: Row, measure: MeasureConfig, texts: Texts, out: Path) -> None:
    folder = out / name_of(finalist)
    folder.mkdir()
    config = measure.tokenizer(finalist["kind"], finalist["size"])
    save_tokenizer(train_tokenizer(texts.train[finalist["corpus"]], config, texts.languages), folder)


if __name__ == "__main__":
    run_stage(main)
