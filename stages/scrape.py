"""Read the sources of one language."""

from collections import Counter
from pathlib import Path
from typing import Any

from llmlab.artifacts.documents import write_documents
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.corpus.flow import refuse_empty
from llmlab.corpus.removal import leave_out, read_removals
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.pipeline.stage import PARAMS, run_stage


def main(*, lang: str, cache: Path, removed: Path, out: Path, metrics: Path) -> None:
    config = load_section(PARAMS, f"scrape.{lang}", ScrapeConfig)
    sources: dict[str, dict[str, Any]] = {}
    left_out: Counter[str] = Counter()
    found = leave_out(scrape(lang, config, cache, counts=sources), read_removals(removed), left_out)
    documents = write_documents(out, found)
    refuse_empty({lang: documents}, "scrape", f"look at `scrape.{lang}.sources` in {PARAMS}: they hold no text")
    total = sum(counts["bytes"] for counts in sources.values())
    write_metrics(
        metrics, {"documents": documents, "bytes": total, "sources": sources, "removed": dict(sorted(left_out.items()))}
    )


if __name__ == "__main__":
    run_stage(main)
