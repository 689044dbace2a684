"""A person's own corpus: files checked and copied into the project, in the form that the scrape stage reads."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build, load_section
from llmlab.cli.project import OWN, PARAMS
from llmlab.corpus.catalog import load_catalog
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.dialogue import text_to_messages
from llmlab.corpus.outcome import Dropped
from llmlab.corpus.sources import local
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.globs import matches
from llmlab.corpus.split import SETS, SplitConfig, split
from llmlab.smalltalk.formats.filetree import class_folder_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_READ = tuple(f"**/*{suffix}{packed}" for suffix in local.SUFFIXES for packed in ("", ".gz"))
_READ_CODE = tuple(f"**/*{suffix}" for suffix in local.CODE_SUFFIXES)
_PREVIEW = 200
_PROMPT_CHARACTERS = 30


@dataclass(frozen=True)
class Taken:
    """What was copied: the inline source that reads it, and what that gives."""

    source: Mapping[str, Any]
    files: int
    documents: int
    characters: int
    skipped: Mapping[str, int]
    sets: Mapping[str, int]
    dropped: Mapping[str, int]
    previewed: int
    prompt: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the person asked for."""

    name: str
    lang: str
    kind: str
    licence: str
    encoding: str
    globs: Sequence[str]
    cut: str

    @property
    def is_smalltalk(self) -> bool:
        """Whether the files are read by the formats of Smalltalk, which have names of many kinds."""
        return self.lang == "smalltalk" and self.kind == "code"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The files to take, as globs."""
        return tuple(self.globs) or tuple(dict.fromkeys(_READ + _READ_CODE * self.is_smalltalk))

    def takes(self, place: str) -> bool:
        """Whether to take a file; a class folder's properties and comment go with its methods."""
        return matches(place, list(self.patterns), []) or (self.is_smalltalk and class_folder_of(place) != "")


def check_name(name: str) -> None:
    """Refuse a name that cannot be a folder, or that the catalogue uses.

    Raises:
        LabError: says which.
    """
    example = "lab corpus add my-letters texts/ --lang english"
    if not NAME.fullmatch(name):
        raise LabError(f"{name!r} is no name: use lower-case letters, digits and hyphens", f"try `{example}`")
    if name in load_catalog():
        raise LabError(f"the catalogue already has a source called {name}", f"take another name, as in `{example}`")


def take(wanted: Wanted, folder: Path, replaces: bool) -> Taken:
    """Copy the matching files of a folder (or one file) to `data/own/<name>`, whole or not at all.

    Raises:
        LabError: nothing matches, a file is no text in the encoding, or the corpus exists and is not to be replaced.
    """
    target = OWN / wanted.name
    if target.exists() and not replaces:
        raise LabError(
            f"{target} already holds a corpus of that name",
            f"add `--replace`, take another name, or run `lab corpus remove {wanted.name}`",
        )
    files = list(_matching(folder, wanted))
    if not files:
        raise LabError(
            f"{folder} has no file that matches {', '.join(wanted.patterns)}",
            f"name the pattern: `lab corpus add {wanted.name} {folder} --lang {wanted.lang} --glob '**/*.text'`",
        )
    OWN.mkdir(parents=True, exist_ok=True)
    with atomic_folder(target) as temporary:
        for file in files:
            copy = temporary / _place_of(file, folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return _look_at(temporary, wanted, folder, len(files))


def _matching(folder: Path, wanted: Wanted) -> Iterator[Path]:
    """Files that the local reader would take too: none that is hidden, none reached by a link out of the folder."""
    if folder.is_file():
        yield folder
        return
    if not folder.is_dir():
        raise LabError(f"{folder} is no folder", "name the folder that holds the texts; `ls` shows what is here")
    inside = folder.resolve()
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or not path.is_file() or not path.resolve().is_relative_to(inside):
            continue
        if wanted.takes(place.as_posix()):
            yield path


def _place_of(file: Path, folder: Path) -> Path:
    return Path(file.name) if folder.is_file() else file.relative_to(folder)


def _look_at(copied: Path, wanted: Wanted, folder: Path, files: int) -> Taken:
    """Read the copy as the scrape stage will, in the layout that gives every set something where one does."""
    best: tuple[Source, list[Document], Counter[str], dict[str, int]] | None = None
    for source in _layouts(wanted, copied):
        documents, skipped = _read(source, wanted, folder, copied)
        sets = _sets(documents)
        if best is None or sum(map(bool, sets.values())) > sum(map(bool, best[3].values())):
            best = (source, documents, skipped, sets)
        if all(sets.values()):
            break
    assert best is not None
    source, documents, skipped, sets = best
    _refuse_nothing(documents, skipped, folder)
    preview = documents[:_PREVIEW]
    return Taken(
        source=_inline(source, wanted.name),
        files=files,
        documents=len(documents),
        characters=sum(len(document.text) for document in documents),
        skipped=skipped,
        sets=sets,
        dropped=_dropped(preview),
        previewed=len(preview),
        prompt=documents[0].text.strip().split("\n")[0][:_PROMPT_CHARACTERS],
    )


def _layouts(wanted: Wanted, copied: Path) -> Iterator[Source]:
    """Ways to read the files. A file is a group unless there are so few that a set would stay empty."""
    fields = {
        "name": wanted.name,
        "kind": "local",
        "path": copied.name,
        "document": wanted.kind,
        "license": wanted.licence,
    }
    plain = build(Source, {**fields, "encoding": wanted.encoding, "glob": list(wanted.globs)}, "the corpus")
    if wanted.cut != "auto":
        yield replace(plain, split=wanted.cut, group_by="file" if wanted.cut == "none" else "row")  # type: ignore[arg-type]
    elif wanted.kind == "dialogue":
        yield replace(plain, group_by="row")
    else:
        yield replace(plain, group_by="file")
        if wanted.kind != "code":
            yield replace(plain, split="blocks", block_chars=2000, group_by="row")


def _read(source: Source, wanted: Wanted, folder: Path, copied: Path) -> tuple[list[Document], Counter[str]]:
    context = ReadContext(lang=wanted.lang, cache=copied, root=copied.parent)
    try:
        documents = list(local.read(source, context))
    except LabError as error:
        again = f"lab corpus add {wanted.name} {folder} --lang {wanted.lang}"
        raise LabError(
            error.problem, f"mend that file, or name its encoding as in `{again} --encoding cp1252`; nothing was added"
        ) from error
    if wanted.kind == "dialogue":
        _refuse_monologues(documents, folder)
    return documents, context.skipped


def _refuse_monologues(documents: Sequence[Document], folder: Path) -> None:
    for document in documents:
        try:
            text_to_messages(document.text)
        except ValueError as error:
            raise LabError(
                f"{folder}: {document.path} is no conversation: {error}",
                "write turns as `User: …` and `Assistant: …` with blank lines between, or pass `--kind prose`",
            ) from error


def _refuse_nothing(documents: Sequence[Document], skipped: Mapping[str, int], folder: Path) -> None:
    if not any(document.text.strip() for document in documents):
        reasons = ", ".join(f"{number} {reason}" for reason, number in skipped.items()) or "they are empty"
        raise LabError(f"the files in {folder} hold no text ({reasons})", f"look at them: `head {folder}/*`")


def _sets(documents: Sequence[Document]) -> dict[str, int]:
    """Documents per set, as the split stage will deal them."""
    config = load_section(PARAMS, "split", SplitConfig)
    counts = Counter(name for name, _ in split(lambda: documents, config))
    wanted = {"train": 1.0, "val": config.val, "test": config.test}
    return {name: counts[name] for name in SETS if wanted[name] > 0}


def _dropped(documents: Sequence[Document]) -> dict[str, int]:
    """What the clean stage would drop, by reason."""
    outcomes = clean(documents, load_section(PARAMS, "clean", CleanConfig))
    return dict(Counter(o.reason for o in outcomes if isinstance(o, Dropped) and not o.fragment))


def _inline(source: Source, name: str) -> dict[str, Any]:
    """The fields that differ from their defaults, as params.yaml holds them."""
    entry: dict[str, Any] = {"kind": "local", "name": name, "path": (OWN / name).as_posix()}
    entry |= {"document": source.document, "license": source.license, "group_by": source.group_by}
    if source.glob:
        entry["glob"] = list(source.glob)
    if source.encoding != "utf-8":
        entry["encoding"] = source.encoding
    if source.split != "none":
        entry |= {"split": source.split, "block_chars": source.block_chars}
    return entry
