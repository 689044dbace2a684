"""Your own files: a file, a folder, or a glob of .txt, .md, .st, .jsonl (and .gz of these)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import documents_in, gunzip, is_binary
from llmlab.corpus.sources.globs import matches

_SUFFIXES = (".txt", ".md", ".st", ".jsonl")


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of every file that `source.path` names, in the order of their paths.

    Raises:
        LabError: nothing there, a file over the size limit, or one that does not decode.
    """
    remedy = f"correct `path` of source {source.name} (relative paths start at the project's root)"
    yield from read_files(source, context, remedy)


def read_files(source: Source, context: ReadContext, remedy: str) -> Iterator[Document]:
    """As `read`, with the remedy to name when nothing is found."""
    base, files = _find_files(context.root, source)
    if not files:
        raise LabError(f"source {source.name}: no files at {source.path}", remedy)
    for file in files:
        yield from _read_file(file, file.relative_to(base).as_posix(), source, context)


def _find_files(root: Path, source: Source) -> tuple[Path, list[Path]]:
    """The folder that paths are told from, and the files below it that fit; links out of it are not followed."""
    fixed, pattern = _split_glob(source.path)
    start = root / fixed
    if start.is_file():
        return start.parent, [start]
    if not start.is_dir():
        return start, []
    globs = [pattern] if pattern else source.glob or [f"**/*{suffix}{gz}" for suffix in _SUFFIXES for gz in ("", ".gz")]
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


def _read_file(file: Path, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    limit = context.limits.max_bytes
    if file.stat().st_size > limit:
        raise LabError(f"{file} has {file.stat().st_size:,} bytes, over the limit of {limit:,}", "raise `max_bytes`")
    data = file.read_bytes()
    name = file.name
    if name.endswith(".gz"):
        data, name = gunzip(data, limit, str(file)), name.removesuffix(".gz")
    if is_binary(data):
        context.skipped["binary file"] += 1
        return
    shape = replace(source, format="jsonl") if name.endswith(".jsonl") else source
    yield from documents_in(data, path, shape, context)
