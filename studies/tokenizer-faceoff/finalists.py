"""Which cells train a model, by their intrinsic figures. See dvc.yaml for how it is called.

The rule, set before any model was trained: of the kinds that gave every held-out text back exactly, the
three with the most bytes per token; of the others the one with the highest Rényi efficiency; and as controls the kind
of the pipeline's default and plain BPE.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cells import MIXED, Row, read_texts
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

    controls: list[str]
    """Kinds that are finalists wherever they can be trained."""
    longest: int
    """How many kinds are chosen for their bytes per token."""


def main(*, size: int, cells: Path, texts: Path, chosen: Path, out: Path) -> None:
    """Write who the finalists at a vocabulary are, and their tokenizers into folders named by kind."""
    config, measure = load_section(PARAMS, "finalists", FinalistsConfig), load_section(PARAMS, "measure", MeasureConfig)
    rows = [row for path in sorted(cells.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]
    finalists = choose([row for row in rows if (row["corpus"], row["size"]) == (MIXED, size)], config)
    write_json(chosen, [{key: row[key] for key in ("corpus", "kind", "size", "why")} for row in finalists])
    found = read_texts(texts, measure.train_bytes)
    with atomic_folder(out) as folder:
        for row in finalists:
            (folder / row["kind"]).mkdir()
            given = measure.tokenizer(row["kind"], size)
            save_tokenizer(train_tokenizer(found.train[MIXED], given, found.languages), folder / row["kind"])


def choose(rows: Iterable[Row], config: FinalistsConfig) -> list[dict[str, Any]]:
    """The finalists at one vocabulary, in the order of the rule, each with the reason."""
    able = [row for row in rows if row.get("exact") and row["kind"] not in UNSIZED]
    longest = sorted(able, key=lambda row: -row["all"]["bytes_per_token"])[: config.longest]
    others = [row for row in able if row not in longest]
    evenest = sorted(others, key=lambda row: -row["all"]["renyi"])[:1]
    controls = [row for row in able if row["kind"] in config.controls and row not in [*longest, *evenest]]
    reasons = [(longest, "bytes per token"), (evenest, "Rényi efficiency"), (controls, "control")]
    return [{**row, "why": why} for part, why in reasons for row in part]


if __name__ == "__main__":
    run_stage(main)
