"""Smalltalk files of any format to documents, for every kind of source.

A text stays as it is and is read by `clean`, which keeps a reason for whatever it drops. What is no text of its own, a
Monticello package or a folder of one file per method, becomes one Tonel text for each class here, where its files are
at hand. One file or class folder is in memory at a time.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import decode, text_documents
from llmlab.corpus.sources.globs import matches
from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.filetree import is_package_file
from llmlab.smalltalk.formats.monticello import is_zip, read_mcz
from llmlab.smalltalk.formats.reading import Reading, RefusedError
from llmlab.smalltalk.formats.table import recognise
from llmlab.smalltalk.formats.tree import Tree, Unit, old_versions, read_unit, units_of
from llmlab.smalltalk.lexer import SmalltalkSyntaxError, closing_bracket
from llmlab.smalltalk.parser import parse_pattern
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.tonel import BrokenMethod, write_class


def is_smalltalk(source: Source, context: ReadContext) -> bool:
    """Whether the files of a source are Smalltalk sources, to be read by their own formats."""
    return context.lang == "smalltalk" and source.document == "code" and source.format == "text"


def tree_documents(tree: Tree, chosen: Sequence[str], source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the `chosen` paths of `tree`, in the order of their paths.

    The files of a class folder are taken together, chosen or not, since a method means nothing without its class; those
    that `exclude` names stay out.
    """
    every = sorted(tree.sizes)
    old = old_versions({path: 0 for path in chosen})
    for unit in units_of(chosen):
        if unit.path in old:
            context.skipped["older version of a package"] += 1
        elif unit.place is not None:
            yield from _folder_documents(tree, _whole(unit, every, source), source, context)
        elif is_package_file(unit.path):
            context.skipped["settings of a package"] += 1
        else:
            yield from file_documents(tree.load(unit.path), unit.path, source, context)


def file_documents(data: bytes, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of one file: its text as it stands, or the classes of a Monticello package."""
    try:
        if is_zip(data):
            yield from _class_documents(read_mcz(data), path, source, context)
            return
        text = _text(data, source)
    except RefusedError as error:
        context.skipped[error.reason] += 1
        return
    yield from text_documents(text, path, source, context)


def _text(data: bytes, source: Source) -> str:
    """By the declared encoding where that fits, else by the encodings that Smalltalk systems wrote."""
    if b"\x00" in data or b"\x1a" in data:
        return decode_source(data)
    try:
        return decode(data, source.encoding, source.name)
    except LabError:
        text = decode_source(data)
    try:
        recognise(text)
    except RefusedError:
        # Nothing shows that guessing was right.
        raise RefusedError(f"not {source.encoding} text") from None
    return text


def _whole(unit: Unit, every: Sequence[str], source: Source) -> Unit:
    prefix = unit.path + "/"
    start = bisect_left(every, prefix)
    files = []
    for path in every[start:]:
        if not path.startswith(prefix):
            break
        if matches(path, [], source.exclude):
            files.append(path)
    return replace(unit, files=tuple(files))


def _folder_documents(tree: Tree, unit: Unit, source: Source, context: ReadContext) -> Iterator[Document]:
    try:
        reading = read_unit(tree, unit)
    except RefusedError as error:
        context.skipped[error.reason] += 1
        return
    yield from _class_documents(reading, unit.path, source, context)


def _class_documents(reading: Reading, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """One Tonel text for each class, and each method that Tonel cannot hold by itself, for `clean` to drop."""
    for reason, times in reading.skipped.items():
        context.skipped[reason] += times
    facts = {"dialect": reading.dialect} if reading.dialect != "unknown" else {}
    meta = {"format": reading.format, **facts, **source.meta}
    own = replace(source, meta=meta)
    for broken in reading.broken:
        yield from _broken_documents(broken, path, own, context)
    for found in reading.classes:
        record, unwritable = _writable(found)
        for broken in unwritable:
            yield from _broken_documents(broken, path, own, context)
        if not record.category and reading.package:
            record = replace(record, category=reading.package)
        yield from text_documents(write_class(record), path, replace(own, split="none"), context)


def _broken_documents(method: BrokenMethod, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    facts = {"class": method.class_name, "side": method.side, "broken": method.error}
    shape = replace(source, meta={**source.meta, **facts}, split="none")
    yield from text_documents(method.source, path, shape, context)


def _writable(record: ClassRecord) -> tuple[ClassRecord, list[BrokenMethod]]:
    good: list[MethodRecord] = []
    bad: list[BrokenMethod] = []
    for method in record.methods:
        error = _why_not(method.source)
        if error:
            bad.append(BrokenMethod(method.class_name, method.side, method.source, error))
        else:
            good.append(method)
    return replace(record, methods=tuple(good)), bad


def _why_not(source: str) -> str:
    """Why a method cannot stand between Tonel's brackets; empty when it can."""
    try:
        stop = parse_pattern(source).stop
    except SmalltalkSyntaxError as error:
        return str(error)
    body = source[stop:] + "\n]"
    return "" if closing_bracket(body, 0) == len(body) else "its brackets or quotes do not close"
