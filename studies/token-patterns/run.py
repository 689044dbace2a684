"""Count the words and names of the repositories."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from contexts import prose_words, tally, to_json

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.documents import Document
from llmlab.artifacts.params import load_section
from llmlab.corpus.scrape import ScrapeConfig, scrape

ROOT = Path("../..")


@dataclass(frozen=True, kw_only=True)
class CountConfig:
    """Section `count` of the study's params.yaml."""

    documents: int
    """Most documents of each source, those of smallest id."""
    smalltalk: list[str | dict[str, Any]]
    """Repositories: names of the catalogue, or entries like those in it."""
    english: list[str]
    """Sources of English prose."""
    chinese: list[str]
    """Sources of Chinese prose."""


def main(cache: Annotated[Path, typer.Option()], counts: Annotated[Path, typer.Option()]) -> None:
    """Read the sources and count."""
    config = load_section(Path("params.yaml"), "count", CountConfig)

    def read(lang: str, sources: list[Any]) -> Iterator[Document]:
        return scrape(lang, ScrapeConfig(sources=sources, max_documents=config.documents), cache, root=ROOT)

    prose = {"english": prose_words(read("english", config.english))}
    prose["chinese"] = prose_words(read("chinese", config.chinese))
    smalltalk = tally(read("smalltalk", config.smalltalk))
    write_json(counts, {"smalltalk": to_json(smalltalk), "prose": list(prose), **prose})


if __name__ == "__main__":
    typer.run(main)
