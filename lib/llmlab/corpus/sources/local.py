"""Your own files: a file, a folder, or a glob of .txt, .md, .st, .jsonl, Smalltalk of any format (and .gz of these)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources import smalltalk
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import gunzip, is_binary, stream_documents
from llmlab.corpus.sources.globs import matches
from llmlab.corpus.sources.stream import byte_pieces
from llmlab.smalltalk.formats.filetree import class_folder_of
from llmlab.smalltalk.formats.tree import Tree

SUFFIXES = (".txt", ".md", ".st", ".jsonl")
# Only a first choice by name; what a file is, its content says.
CODE_SUFFIXES = (".st", ".cs", ".cls", ".pax", ".pac", ".pst", ".app", ".gs", ".tpz", ".mcz", ".sources", ".changes")


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of every file that `source.path` names, in the order of their paths.

    Raises:
        LabError: nothing there, a file over the size limit, or one that does not decode.
    """
    remedy = f"correct `path` of source {source.name} (relative paths start at the project's root)"
    yield from read_files(source, context, remedy)


def read_files(source: Source, context: ReadContext, remedy: str) -> Iterator[Document]:
    """As `read`, with the remedy to name when nothing is found."""
    code = smalltalk.is_smalltalk(source, context)
    suffixes = dict.fromkeys(SUFFIXES + (CODE_SUFFIXES if code else ()))
    base, files = _find_files(context.root, source, list(suffixes))
    if not files:
        raise LabError(f"source {source.name}: no files at {source.path}", remedy)
    if code and not any(file.name.endswith((".jsonl", ".jsonl.gz")) for file in files):
        yield from _read_smalltalk(base, files, source, context)
        return
    for file in files:
        yield from _read_file(file, file.relative_to(base).as_posix(), source, context)


def _read_smalltalk(base: Path, files: list[Path], source: Source, context: ReadContext) -> Iterator[Document]:
    """By their formats; the whole folder is there for what belongs to a chosen file, as a class folder's settings."""

    def load(path: str) -> bytes:
        data = _bytes_of(base / path, context)
        return gunzip(data, context.limits.max_bytes, path) if path.endswith(".gz") else data

    chosen = [file.relative_to(base).as_posix() for file in files]
    sizes = {path: (base / path).stat().st_size for path in chosen}
    for path in {parent for each in chosen if (parent := class_folder_of(each))}:
        inside = ((base / path).parent.glob("*"), (base / path).rglob("*"))
        near = [each for found in inside for each in found if each.is_file() and not each.is_symlink()]
        sizes |= {each.relative_to(base).as_posix(): each.stat().st_size for each in near}
    yield from smalltalk.tree_documents(Tree(sizes, load), chosen, source, context)


def _find_files(root: Path, source: Source, suffixes: list[str]) -> tuple[Path, list[Path]]:
    """The folder that paths are told from, and the files below it that fit; links out of it are not followed."""
    fixed, pattern = _split_glob(source.path)
    start = root / fixed
    if start.is_file():
        return start.parent, [start]
    if not start.is_dir():
        return start, []
    globs = [pattern] if pattern else source.glob or [f"**/*{suffix}{gz}" for suffix in suffixes for gz in ("", ".gz")]
    inside = start.resolve()
    found = [
        path
        for path in start.rglob("*")
        if path.is_file()
        and path.resolve().is_relative_to(inside)
        and matches(path.relative_to(start).as_posix(), globs, source.exclude)
    ]
    return start, sorted(found, key=lambda path: path.relative_to(start).as_posix())


def _split_glob(path: str) -> tuple[str, str]:
    """`texts/*/a.txt` is the folder `texts` and the pattern `*/a.txt`; without a pattern the second part is empty."""
    if not re.search(r"[*?]", path):
        return path, ""
    fixed, _, _ = re.split(r"([*?])", path, maxsplit=1)
    folder = fixed[: fixed.rfind("/") + 1]
    return folder or ".", path[len(folder) :]


def _bytes_of(file: Path, context: ReadContext) -> bytes:
    _refuse_large(file, context)
    return file.read_bytes()


def _refuse_large(file: Path, context: ReadContext) -> None:
    limit = context.limits.max_bytes
    if file.stat().st_size > limit:
        raise LabError(f"{file} has {file.stat().st_size:,} bytes, over the limit of {limit:,}", "raise `max_bytes`")


def _read_file(file: Path, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    name = file.name.removesuffix(".gz")
    packed = name != file.name
    shape = replace(source, format="jsonl") if name.endswith(".jsonl") else source
    _refuse_large(file, context)
    with file.open("rb") as start:
        head = next(byte_pieces(start, context.limits.max_bytes, f"{source.name}: {path}", packed=packed), b"")
    if is_binary(head):
        context.skipped["binary file"] += 1
        return
    yield from stream_documents(file, path, shape, context, packed=packed)
