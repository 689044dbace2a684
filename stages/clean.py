"""Normalise and filter one language; what is dropped goes aside with its reason."""

from pathlib import Path

from llmlab.artifacts.documents import read_documents, write_documents
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.corpus.clean import CleanConfig
from llmlab.corpus.clean_parts import clean_by
from llmlab.corpus.flow import Flow, refuse_empty
from llmlab.corpus.labels import Labels
from llmlab.corpus.outcome import open_dropped
from llmlab.corpus.removal import read_removals, withhold
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, lang: str, raw: Path, removed: Path, out: Path, dropped: Path, metrics: Path) -> None:
    config = load_section(PARAMS, "clean", CleanConfig)
    removals = read_removals(removed)
    with open_dropped(dropped) as set_aside:
        flow, labels = Flow([lang], set_aside), Labels()
        outcomes = withhold(clean_by(flow.enter(read_documents(raw, "scrape")), config), removals)
        kept = write_documents(out, labels.read(flow.leave(outcomes)))
    write_metrics(metrics, {**flow.report()[lang], **labels.report()})
    refuse_empty({lang: kept}, "clean", f"see {metrics} for the reasons, and loosen `clean.quality` in {PARAMS}")


if __name__ == "__main__":
    run_stage(main)
