"""Write the evaluation sets, all in one form."""

from dataclasses import asdict
from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.published_rows import published_rows
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.tasks.base import COLUMNS, TasksConfig, as_row
from llmlab.tasks.table import all_tasks, evaluation_sets


def main(*, cache: Path, out: Path, metrics: Path) -> None:
    seed = load_value(PARAMS, "seed", int)
    languages = load_value(PARAMS, "languages", list[str])
    table = all_tasks(lambda published: published_rows(**asdict(published), cache=cache))
    sets = evaluation_sets(load_section(PARAMS, "tasks", TasksConfig), languages, seed, table)
    with atomic_folder(out) as folder:
        counts = {name: write_rows(folder / f"{name}.parquet", COLUMNS, map(as_row, sets[name])) for name in sets}
    write_metrics(metrics, {"examples": counts})


if __name__ == "__main__":
    run_stage(main)
