"""The removal list: repositories, authors and documents that people asked to have taken out, honoured on every rebuild.

A text file in git, one entry a line: `repository owner/name`, `author Some Name`, `id 0123456789abcdef`; `#` starts a
comment. A value may be given as `sha256:` and the hash of its lower-case form, so that a public list need not name
the person. `scrape` and `clean` depend on the list, and every later stage on what they write.

Not covered: text of a removed author inside documents that name somebody else, and near-copies kept by others.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.documents import Document, document_id
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.outcome import Dropped, Kept

REASON = "on the removal list"
KINDS = ("repository", "author", "id")
_ID = re.compile(r"[0-9a-f]{16}")
_HASHED = re.compile(r"sha256:[0-9a-f]{64}")
# A line of a text that says who wrote it, and the names on it.
_BYLINE = re.compile(
    r"^[^\S\n]*[\"#/*;%-]*\s*(?:@?authors?\b|copyright\b|\(c\)|©|written by|by|作者|版权所有|译者)"
    r"[:：\s©]*(?P<names>[^\n]{2,200})",
    re.IGNORECASE | re.MULTILINE,
)
_BYLINE_CHARS = 4000
_BETWEEN_NAMES = re.compile(
    r"\s*(?:[,;/&、，；<>()\[\]]|\band\b|\d{4}(?:\s*-\s*\d{4})?|\(c\)|©|all rights reserved)\s*", re.I
)


@dataclass(frozen=True)
class Removals:
    """The entries of a list: values by kind, in the form that `_plain` gives them, some of them hashed."""

    values: dict[str, frozenset[str]] = field(default_factory=dict)

    def covers(self, document: Document) -> bool:
        """Whether a document is to be left out, by its own id or by what it came from."""
        if not any(self.values.values()):
            return False
        if self._has("id", document.id) or any(self._has("repository", name) for name in repositories_of(document)):
            return True
        return bool(self.values.get("author")) and any(self._has("author", name) for name in authors_of(document))

    def _has(self, kind: str, value: str) -> bool:
        listed = self.values.get(kind, frozenset())
        plain = _plain(value)
        return bool(listed) and (plain in listed or _hashed(plain) in listed)


def read_removals(path: Path) -> Removals:
    """Read a list.

    Raises:
        LabError: it is missing, or a line is no entry; names the line.
    """
    if not path.exists():
        raise LabError(f"{path} is missing", f"restore it with `git checkout {path}`, or write an empty file")
    values: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            kind, _, value = entry.partition(" ")
            try:
                values[kind].add(check_entry(kind, value))
            except (KeyError, ValueError) as error:
                problem = error.problem if isinstance(error, LabError) else f"{kind!r} is not one of {', '.join(KINDS)}"
                raise LabError(f"{path}:{number}: {problem}", "correct that line, as in `author Jane Doe`") from error
    return Removals({kind: frozenset(found) for kind, found in values.items()})


def check_entry(kind: str, value: str) -> str:
    """The value of an entry in its plain form.

    Raises:
        LabError: nothing in it, or an id that is none.
    """
    plain = value.strip() if _HASHED.fullmatch(value.strip()) else _plain(value)
    if not plain:
        raise LabError(f"the {kind} has no name", "name it, as in `lab forget 'Jane Doe'`")
    if kind == "id" and not _ID.fullmatch(plain) and not _HASHED.fullmatch(plain):
        raise LabError(f"{value!r} is no id of a document", "give 16 hexadecimal digits, as the column `id` has them")
    return plain


def add_entries(path: Path, entries: Iterable[tuple[str, str]], *, hide: bool = False) -> list[str]:
    """Append what is not listed yet; returns the new lines. `hide` writes hashes in the place of names."""
    listed = read_removals(path) if path.exists() else Removals()
    lines: list[str] = []
    for kind, value in entries:
        plain = check_entry(kind, value)
        known = listed.values.get(kind, frozenset())
        line = f"{kind} {_hashed(plain) if hide and not _HASHED.fullmatch(plain) else plain}"
        if plain not in known and _hashed(plain) not in known and line not in lines:
            lines.append(line)
    if lines:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_text(path, before + "".join(f"{line}\n" for line in lines))
    return lines


def leave_out(documents: Iterable[Document], removals: Removals, counts: Counter[str]) -> Iterator[Document]:
    """The documents that may stay, before anything of the others is written; `counts` counts those by source."""
    for document in documents:
        if removals.covers(document):
            counts[document.source] += 1
        else:
            yield document


def withhold(outcomes: Iterable[Kept | Dropped], removals: Removals) -> Iterator[Kept | Dropped]:
    """Outcomes of cleaning, with what is to be removed dropped: its clean id may be listed where its raw id is not.

    Of a removed document nothing is kept aside but the fact that there was one.
    """
    for outcome in outcomes:
        if not removals.covers(outcome.document):
            yield outcome
            continue
        fragment = isinstance(outcome, Dropped) and outcome.fragment
        yield Dropped(_blank(outcome.document), "clean", REASON, fragment=fragment)


def _blank(document: Document) -> Document:
    empty = document_id(document.lang, "")
    return replace(document, id=empty, text="", group="", path="", url="", license="", meta="{}")


def repositories_of(document: Document) -> Iterator[str]:
    """Names that a document's repository goes by: source, group and the groups above it, the end of its address."""
    yield document.source
    parts = document.group.split("/")
    yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    address = document.url.rstrip("/").removesuffix(".git")
    if address:
        yield address
        yield "/".join(re.split(r"[/:]", address)[-2:])


def authors_of(document: Document) -> Iterator[str]:
    """Names that a document gives: in its meta, as its group, and in lines at its start such as `Author: …`."""
    meta = json.loads(document.meta)
    for key in ("author", "authors"):
        value = meta.get(key, [])
        for names in [value] if isinstance(value, str) else value:
            yield from _names(str(names))
    # Smalltalk's stamps are initials and a time.
    yield str(meta.get("stamp", "")).split(" ")[0]
    yield document.group
    yield document.group.rpartition("/")[2]
    for line in _BYLINE.finditer(document.text[:_BYLINE_CHARS]):
        yield from _names(line["names"])


def _names(text: str) -> Iterator[str]:
    yield text
    yield from (name for name in _BETWEEN_NAMES.split(text) if name)


def _plain(value: str) -> str:
    """How two spellings of a name are compared: lower case, single blanks, hyphens and underscores as blanks."""
    return " ".join(re.sub(r"[-_\s]+", " ", value.casefold()).strip(" .,;:\"'*").split())


def _hashed(plain: str) -> str:
    return f"sha256:{hash_bytes(plain.encode())}"
