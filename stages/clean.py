"""Normalise and filter one language; what is dropped goes aside with its reason."""

from pathlib import Path

from llmlab.artifacts.documents import read_documents, write_documents, write_rows
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.flow import Flow, refuse_empty
from llmlab.corpus.labels import Labels
from llmlab.corpus.outcome import DROPPED_COLUMNS, dropped_row
from llmlab.corpus.removal import read_removals, withhold
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, lang: str, raw: Path, removed: Path, out: Path, dropped: Path, metrics: Path) -> None:
    config = load_section(PARAMS, "clean", CleanConfig)
    removals = read_removals(removed)
    flow, labels = Flow([lang]), Labels()
    outcomes = withhold(clean(flow.enter(read_documents(raw, "scrape")), config), removals)
    kept = write_documents(out, labels.read(flow.leave(outcomes)))
    write_rows(dropped, DROPPED_COLUMNS, map(dropped_row, flow.dropped))
    write_metrics(metrics, {**flow.report()[lang], **labels.report()})
    refuse_empty({lang: kept}, "clean", f"see {metrics} for the reasons, and loosen `clean.quality` in {PARAMS}")


if __name__ == "__main__":
    run_stage(main)
