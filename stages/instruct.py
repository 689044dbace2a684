"""Make the examples for instruction tuning, each set from its own documents."""

from collections import Counter
from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import read_documents, write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.instruct.base import COLUMNS, InstructConfig, as_row
from llmlab.instruct.mixture import build
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, split: Path, out: Path, metrics: Path) -> None:
    seed = load_value(PARAMS, "seed", int)
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "instruct", InstructConfig)
    counts = {}
    with atomic_folder(out) as folder:
        for name in ("train", "val", "test"):
            examples = build(read_documents(split / f"{name}.parquet", "split"), name, config, languages, seed)
            write_rows(folder / f"{name}.parquet", COLUMNS, map(as_row, examples))
            counts[name] = dict(sorted(Counter(example.kind for example in examples).items()))
    write_metrics(metrics, {"examples": counts})


if __name__ == "__main__":
    run_stage(main)
