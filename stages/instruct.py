"""Make the examples for instruction tuning, each set from its own documents."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import read_documents, write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.published_rows import published_rows
from llmlab.instruct.base import COLUMNS, InstructConfig, as_row
from llmlab.instruct.basket import question_key
from llmlab.instruct.mixture import build
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.tasks.table import all_tasks


def main(*, split: Path, cache: Path, out: Path, metrics: Path) -> None:
    seed = load_value(PARAMS, "seed", int)
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "instruct", InstructConfig)
    table = all_tasks(lambda published: published_rows(**asdict(published), cache=cache))
    counts, left_out = {}, {}
    asked: set[str] = set()
    with atomic_folder(out) as folder:
        # Test before val before train, so that a question common to all is asked in the test only.
        for name in ("test", "val", "train"):
            made = build(
                read_documents(split / f"{name}.parquet", "split"), name, config, languages, seed, asked, table
            )
            write_rows(folder / f"{name}.parquet", COLUMNS, map(as_row, made.examples))
            asked.update(map(question_key, made.examples))
            counts[name] = dict(sorted(Counter(example.kind for example in made.examples).items()))
            left_out[name] = made.left_out
    write_metrics(metrics, {"examples": counts, "left_out": left_out})


if __name__ == "__main__":
    run_stage(main)
