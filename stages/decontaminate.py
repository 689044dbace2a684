"""Drop the documents that hold pieces of the evaluation sets."""

from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import read_rows, write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.by_language import read_languages, write_languages
from llmlab.corpus.contamination import (
    OVERLAP_COLUMNS,
    DecontaminateConfig,
    drop_overlaps,
    find_overlaps,
    items_of,
    overlap_row,
)
from llmlab.corpus.flow import Flow
from llmlab.corpus.outcome import open_dropped
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, dedup: Path, tasks: Path, out: Path, metrics: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "decontaminate", DecontaminateConfig)
    rows = (row for path in sorted(tasks.glob("*.parquet")) for row in read_rows(path, "tasks"))
    items = [item for row in rows for item in items_of(row["id"], row["prompt"], row["answer"])]
    overlaps = list(find_overlaps(read_languages(dedup, languages, "dedupe"), items, config))
    with atomic_folder(out) as folder:
        with open_dropped(folder / "dropped.parquet") as set_aside:
            flow = Flow(languages, set_aside)
            documents = flow.enter(read_languages(dedup, languages, "dedupe"))
            write_languages(folder, languages, flow.leave(drop_overlaps(documents, overlaps, config)))
        write_rows(folder / "overlaps.parquet", OVERLAP_COLUMNS, map(overlap_row, overlaps))
    write_metrics(metrics, flow.report())


if __name__ == "__main__":
    run_stage(main)
