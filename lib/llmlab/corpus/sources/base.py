"""What a source is, and the contract of the readers that turn one into documents."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from llmlab.artifacts.documents import Document
from llmlab.corpus.fetch import FetchLimits


@dataclass(frozen=True, kw_only=True)
class Source:
    """One place that text comes from; an entry of the catalogue, or written inline in params.

    `group_by` says what is never split across train, validation and test: the whole `source`, the `folder` or `file`
    a text lies in, each `row` by itself, a `field` of the row (`group_field`, cut before `group_cut` when given), or
    a `line` of the text (`group_line`, counted from 1: the poet under a title).
    """

    name: str
    kind: Literal["bundled", "local", "http", "git"]
    document: Literal["code", "prose", "verse", "dialogue"]
    license: str
    lang: str = ""
    # Where: `path` for bundled and local (folder, file or glob), `url` and `sha256` for http, the rest for git.
    path: str = ""
    url: str = ""
    sha256: str = ""
    mirror_only: bool = False
    address: str = ""
    commit: str = ""
    glob: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    max_file_bytes: Annotated[int, Field(gt=0)] = 1 << 20
    # What is in it.
    format: Literal["text", "jsonl"] = "text"
    encoding: str = "utf-8"
    text_field: str = "text"
    license_field: str = ""
    split: Literal["none", "lines", "blocks"] = "none"
    block_chars: Annotated[int, Field(gt=0)] = 4000
    # Who it belongs to.
    group: str = ""
    group_by: Literal["source", "folder", "file", "row", "field", "line"] = "source"
    group_field: str = "source"
    group_cut: str = ""
    group_line: Annotated[int, Field(ge=1)] = 2
    meta: dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadContext:
    """What a reader is given beside its source.

    `root` is what relative paths are read from; `skipped` counts, by reason, what the reader left out, so that
    nothing vanishes before the first document exists.
    """

    lang: str
    cache: Path
    root: Path = Path()
    limits: FetchLimits = field(default_factory=FetchLimits)
    skipped: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """A module (or object) with `read`: documents in a fixed order, the same for the same content.

    Raises:
        LabError: the source is missing, unreadable, or not what its entry says.
    """

    def read(self, source: Source, context: ReadContext) -> Iterator[Document]:
        """Yield the documents of one source."""
        ...
