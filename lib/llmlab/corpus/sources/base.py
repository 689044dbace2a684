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
    """One place that text comes from; an entry of the catalogue, or written inline in params."""

    name: str
    """What documents and metrics call it; no two sources of a language share one."""
    kind: Literal["bundled", "local", "http", "git"]
    """Its reader: bundled texts, your own files, one file from the web, or a commit of a git repository."""
    document: Literal["code", "prose", "verse", "dialogue"]
    """Kind of its documents."""
    license: str
    """Licence of its documents."""
    lang: str = ""
    """Language of its documents; empty, or the language that it stands under."""
    # Where it is.
    path: str = ""
    """For `bundled` and `local`: a file, a folder or a glob, relative to the project's root."""
    url: str = ""
    """For `http`: the address of the file."""
    sha256: str = ""
    """For `http`: hash of the file, 64 lower-case hexadecimal digits."""
    mirror_only: bool = False
    """For `http`: a converted file, found by its hash in mirror or cache only; `url` says what it was made from."""
    address: str = ""
    """For `git`: a repository's address, or a folder here."""
    commit: str = ""
    """For `git`: full commit hash; may be empty, for HEAD, when the address is a folder here."""
    glob: list[str] = field(default_factory=list)
    """Files read, in a folder or repository; empty: .txt, .md, .st, .jsonl and .gz of these, and in git any file."""
    exclude: list[str] = field(default_factory=list)
    """Globs of files left out."""
    max_file_bytes: Annotated[int, Field(gt=0)] = 1 << 20
    """For `git`: files of more bytes are left out and counted."""
    # What is in it.
    format: Literal["text", "jsonl"] = "text"
    """Plain text, or one JSON object a line; outside git a name in .jsonl means the latter by itself."""
    encoding: str = "utf-8"
    """Encoding by its Python name; a byte order mark takes precedence."""
    text_field: str = "text"
    """Key of a JSON row that holds the text; a row of `dialogue` is a whole conversation and needs none."""
    license_field: str = ""
    """Key of a JSON row that holds its licence, which then takes the place of `license`."""
    split: Literal["none", "lines", "blocks"] = "none"
    """What becomes one document: the whole file, each line, or a block of whole paragraphs; JSON rows are never cut."""
    block_chars: Annotated[int, Field(gt=0)] = 4000
    """Most characters of a block; a longer paragraph is a block by itself."""
    # Who it belongs to.
    group: str = ""
    """Name of the group, or its first part; empty: the source's name."""
    group_by: Literal["source", "folder", "file", "row", "field", "line"] = "source"
    """What is never split across train, validation and test: the whole source, the folder or file a text lies in,
    each text by itself, or the texts that share a field of their rows or a line."""
    group_field: str = "source"
    """With `field`: the key of the row."""
    group_cut: str = ""
    """With `field`: the value counts only up to this text; empty: all of it."""
    group_line: Annotated[int, Field(ge=1)] = 2
    """With `line`: its number in the text, counted from 1 (2 is the poet under a title)."""
    meta: dict[str, str] = field(default_factory=dict)
    """Facts written into every document."""
    note: str = ""
    """For people only."""


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
