"""Keep one of every cluster of exact and near-duplicates, across all languages."""

from functools import partial
from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.by_language import read_languages, write_languages
from llmlab.corpus.flow import Flow
from llmlab.corpus.minhash import DedupeConfig, find_clusters
from llmlab.corpus.outcome import open_dropped
from llmlab.corpus.split import SplitConfig, set_of
from llmlab.corpus.winners import keep_one
from llmlab.corpus.work_folder import work_folder
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, clean: Path, out: Path, metrics: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "dedupe", DedupeConfig)
    chosen_set = set_of(load_section(PARAMS, "split", SplitConfig))
    read = partial(read_languages, clean, languages, "clean")
    with work_folder("dedupe") as work:
        clusters = find_clusters(read, config, work / "minhash")
    with atomic_folder(out) as folder:
        with open_dropped(folder / "dropped.parquet") as set_aside:
            flow = Flow(languages, set_aside)
            outcomes = keep_one(read, flow.enter(read()), clusters, chosen_set)
            write_languages(folder, languages, flow.leave(outcomes))
        rows = ({"id": document, "cluster": cluster} for document, cluster in sorted(clusters.items()))
        write_rows(folder / "clusters.parquet", ["id", "cluster"], rows)
    write_metrics(metrics, flow.report())


if __name__ == "__main__":
    run_stage(main)
