"""Deal documents to train, validation and test."""

from functools import partial
from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import read_documents
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.by_language import read_languages
from llmlab.corpus.census import count_set
from llmlab.corpus.flow import refuse_empty
from llmlab.corpus.split import SETS, SplitConfig, set_path, split, write_sets
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, documents: Path, out: Path, metrics: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "split", SplitConfig)
    read = partial(read_languages, documents, languages, "decontaminate")
    with atomic_folder(out) as folder:
        written = write_sets(folder, split(read, config))
        sets = {name: count_set(read_documents(set_path(folder, name), "split"), languages) for name in SETS}
        counts = {lang: {name: sets[name][lang] for name in SETS} for lang in languages}
        train = {lang: counts[lang]["train"]["documents"] for lang in languages}
        refuse_empty(train, "split", f"look at metrics/ for where they went, or change `split.salt` in {PARAMS}")
        refuse_empty({"any": written["val"]}, "split (validation)", f"add groups, or change `split.salt` in {PARAMS}")
    write_metrics(metrics, {**counts, "documents": written})


if __name__ == "__main__":
    run_stage(main)
