"""Deal documents to train, validation and test."""

from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import write_documents
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.by_language import read_languages
from llmlab.corpus.census import count_sets
from llmlab.corpus.flow import refuse_empty
from llmlab.corpus.split import SplitConfig, deal
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, documents: Path, out: Path, metrics: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "split", SplitConfig)
    sets = deal(read_languages(documents, languages, "decontaminate"), config)
    counts = count_sets(sets, languages)
    train = {lang: counts[lang]["train"]["documents"] for lang in languages}
    refuse_empty(train, "split", f"look at metrics/ for where they went, or change `split.salt` in {PARAMS}")
    refuse_empty({"any": len(sets["val"])}, "split (validation)", f"add groups, or change `split.salt` in {PARAMS}")
    with atomic_folder(out) as folder:
        written = {name: write_documents(folder / f"{name}.parquet", items) for name, items in sets.items()}
    write_metrics(metrics, {**counts, "documents": written})


if __name__ == "__main__":
    run_stage(main)
