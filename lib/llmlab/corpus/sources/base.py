"""What a source is, and the contract of the readers that turn one into documents."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.pace import Pace


@dataclass(frozen=True, kw_only=True)
class Source:
    """One place that text comes from; an entry of the catalogue, or written inline in params."""

    name: str
    """What documents and metrics call it; no two sources of a language share one."""
    kind: Literal["bundled", "local", "http", "git", "github", "monticello", "hub", "sitemap", "pydoc"]
    """Its reader: bundled texts, your own files, one file from the web, a commit of a git repository, repositories
    that a search on GitHub finds, the newest packages of a Monticello server, rows of a dataset of the Hugging Face
    hub, the pages of a site, or the docstrings of installed packages."""
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
    """The address of a file (`http`), of a listing (`monticello`), or of a site or its sitemap (`sitemap`)."""
    sha256: str = ""
    """For `http`: hash of the file, 64 lower-case hexadecimal digits."""
    mirror_only: bool = False
    """For `http`: a converted file, found by its hash in mirror or cache only; `url` says what it was made from."""
    robots: bool = False
    """For `http`: ask the host's robots.txt first. A single file that a person named needs no such leave; `sitemap`
    always asks."""
    address: str = ""
    """For `git`: a repository's address, or a folder here."""
    commit: str = ""
    """For `git`: full commit hash; may be empty, for HEAD, when the address is a folder here."""
    glob: list[str] = field(default_factory=list)
    """Files read, in a folder or repository; empty: .txt, .md, .st, .jsonl and .gz of these, and in git any file."""
    exclude: list[str] = field(default_factory=list)
    """Globs of files left out."""
    max_file_bytes: Annotated[int, Field(gt=0)] = 1 << 20
    """For `git` and `github`: files of more bytes are left out and counted."""
    # Which parts of it, where it has many.
    lock: str = ""
    """For `github`, `monticello` and `sitemap`: the file in git that pins what was found, relative to the project's
    root; empty: data/own/<name>.lock.json. Delete it to search anew."""
    api: str = "https://api.github.com"
    """For `github`: where its interface answers."""
    token_variable: str = "GITHUB_TOKEN"
    """For `github`: environment variable that holds a token (read access to public repositories is enough); unset:
    without one, at a tenth of the rate."""
    code_language: str = ""
    """For `github`: language of the repositories, by GitHub's name."""
    licenses: list[str] = field(default_factory=lambda: ["mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc"])
    """For `github`: licences searched for, by GitHub's key."""
    min_stars: Annotated[int, Field(ge=0)] = 0
    """For `github`: fewest stars."""
    max_kilobytes: Annotated[int, Field(gt=0)] = 100_000
    """For `github`: largest repository, in the kilobytes that GitHub tells."""
    max_repositories: Annotated[int, Field(gt=0)] = 100
    """For `github`: most repositories, those with most stars."""
    packages: list[str] = field(default_factory=list)
    """For `monticello`: globs of package names, empty: all. For `pydoc`: installed packages, each as `name` or
    `name==version`; `stdlib` is Python's own library."""
    dataset: str = ""
    """For `hub`: a dataset's public name, owner/name; empty: the data files in the folder `path`."""
    subset: str = ""
    """For `hub`: one configuration of it; empty: its only one."""
    dataset_split: str = "train"
    """For `hub`: one split of it."""
    revision: str = ""
    """For `hub`: full commit hash of the dataset's repository."""
    columns: list[str] = field(default_factory=list)
    """For `hub`: columns read, so that the others are not even fetched; empty: all."""
    max_rows: Annotated[int, Field(gt=0)] | None = None
    """For `hub`: only so many first rows are streamed; null: all."""
    max_pages: Annotated[int, Field(gt=0)] = 1000
    """For `sitemap`: most pages, the first by address."""
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
    nothing vanishes before the first document exists. `missing` says, by name, what could not be had and why: it stays
    empty unless `allow_partial`.
    """

    lang: str
    cache: Path
    root: Path = Path()
    limits: FetchLimits = field(default_factory=FetchLimits)
    pace: Pace = field(default_factory=Pace)
    skipped: Counter[str] = field(default_factory=Counter)
    allow_partial: bool = False
    missing: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Read one part of a source: what fails is an error, or with `allow_partial` an entry of `missing`."""
        try:
            yield
        except LabError as error:
            if not self.allow_partial:
                raise
            self.missing[name] = self._portable(error.problem)

    def _portable(self, problem: str) -> str:
        """The problem without folders of this machine, for files that others read too."""
        for folder in (self.cache, self.root):
            problem = problem.replace(f"{folder.resolve()}/", "")
        return problem


class Reader(Protocol):
    """A module (or object) with `read`: documents in a fixed order, the same for the same content.

    Raises:
        LabError: the source is missing, unreadable, or not what its entry says.
    """

    def read(self, source: Source, context: ReadContext) -> Iterator[Document]:
        """Yield the documents of one source."""
        ...
