"""Smalltalk sources to training text: parsed, broken methods out, rendered in the one normal layout."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from llmlab.artifacts.documents import Document, document_id, make_document
from llmlab.corpus.grammar import grammar
from llmlab.corpus.normalize import strip_banner
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.smalltalk.arrows import modern_spelling
from llmlab.smalltalk.formats.reading import Reading, RefusedError
from llmlab.smalltalk.formats.table import read_text
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.nodes import Method, RawStatement, walk
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import render_header, render_parts
from llmlab.smalltalk.tonel import BrokenMethod, Parse

_STAGE = "clean"
# What no model should learn, since only one compiler on one machine makes sense of it.
_FOREIGN = re.compile(r"^[ \t]*<\s*(?:(?:virtual|overlap|async)\s+)*(?:cdecl|stdcall|apicall|thiscall|fastcall):", re.M)
_INLINE = re.compile(r"^[ \t]*%\{", re.MULTILINE)


def read_code(
    document: Document, *, boilerplate: bool = False, max_chars: int | None = None
) -> Iterator[Kept | Dropped]:
    """Turn one source file into its rendered classes, preceded by its broken methods as dropped fragments.

    A Tonel file gives one class, any other format as many as it holds, each a part of its own; a class of more than
    `max_chars` characters goes on in further parts. The kept documents' meta gets dialect (`unknown` when neither
    source nor file says), class, superclass and package, and the format unless it is Tonel. `boilerplate` takes
    licence banners out of class comments (a Tonel file comes without its banner). Dropped whole: what is no Smalltalk,
    a file whose class definition does not parse, and a class without methods and comment.
    """
    try:
        reading = _read(document)
    except RefusedError as error:
        yield Dropped(document, _STAGE, error.reason, error.detail)
        return
    dialect = str(json.loads(document.meta).get("dialect") or reading.dialect)
    parse = grammar(dialect)
    yield from (_dropped_method(document, method, "broken method") for method in reading.broken)
    yield from (_left_out(document, reason, times) for reason, times in reading.skipped.items())
    if not reading.classes:
        yield Dropped(document, _STAGE, "no class or method")
        return
    numbers = count(1)
    several = len(reading.classes) > 1
    for found in reading.classes:
        record = replace(found, comment=strip_banner(found.comment)) if boilerplate and _is_foreign(reading) else found
        whole, faults = _sound(record, dialect, parse)
        yield from (_dropped_method(document, *fault) for fault in faults)
        results = list(_results(document, reading, whole, dialect, parse, max_chars))
        # One class in one document is the file itself; all else is numbered.
        for result in results:
            yield replace(result, part=next(numbers)) if several or len(results) > 1 else result


def _read(document: Document) -> Reading:
    broken_alone = json.loads(document.meta).get("broken")
    if broken_alone:
        raise RefusedError("broken method", str(broken_alone))
    return read_text(document.text, document.path)


def _is_foreign(reading: Reading) -> bool:
    return reading.format != "tonel"


def _sound(record: ClassRecord, dialect: str, parse: Parse) -> tuple[ClassRecord, list[tuple[BrokenMethod, str]]]:
    """The class with the methods that can be shown, in today's spelling, and the others with a reason each."""
    sound: list[MethodRecord] = []
    faults: list[tuple[BrokenMethod, str]] = []
    for method in record.methods:
        source = modern_spelling(method.source, dialect)
        reason, error = _fault(source, parse)
        if reason:
            faults.append((BrokenMethod(method.class_name, method.side, method.source, error), reason))
        else:
            sound.append(replace(method, source=source))
    return replace(record, methods=tuple(sound)), faults


def _fault(source: str, parse: Parse) -> tuple[str, str]:
    """Why a method cannot be shown, and what exactly is wrong; empty when it can."""
    if _FOREIGN.search(source):
        return "foreign call", ""
    if _INLINE.search(source):
        return "inline C", ""
    try:
        tree = parse(source)
    except SmalltalkSyntaxError as error:
        return "broken method", str(error)
    if isinstance(tree, Method) and "<" in source and any(isinstance(each, RawStatement) for each in walk(tree)):
        return "inline JavaScript", ""
    return "", ""


def _results(
    document: Document, reading: Reading, record: ClassRecord, dialect: str, parse: Parse, max_chars: int | None
) -> Iterator[Kept | Dropped]:
    """The documents of one class, or the one reason why it has none."""
    meta = json.dumps(_facts(document, reading, record, dialect), ensure_ascii=False, sort_keys=True)
    if record.methods or record.comment.strip():
        for text in render_parts(record, max_chars, parse):
            yield Kept(replace(document, text=text, id=document_id(document.lang, text), meta=meta))
        return
    fault = "class without methods and comment"
    if len(reading.classes) == 1:
        yield Dropped(document, _STAGE, fault)
        return
    text = render_header(record)
    own = replace(document, text=text, id=document_id(document.lang, text), meta=meta)
    yield Dropped(own, _STAGE, fault)


def _facts(document: Document, reading: Reading, record: ClassRecord, dialect: str) -> dict[str, str]:
    known = json.loads(document.meta)
    package = record.category or reading.package or document.group
    facts = {"dialect": dialect, "class": record.name, "superclass": record.superclass, "package": package}
    return {**known, **({"format": reading.format} if _is_foreign(reading) and "format" not in known else {}), **facts}


def _dropped_method(document: Document, method: BrokenMethod, reason: str) -> Dropped:
    facts = {**json.loads(document.meta), "class": method.class_name, "side": method.side}
    return Dropped(_fragment(document, method.source, facts), _STAGE, reason, method.error, fragment=True)


def _left_out(document: Document, reason: str, times: int) -> Dropped:
    """What a reader counted and did not keep: do-its, removals, older versions of a method."""
    return Dropped(_fragment(document, "", json.loads(document.meta)), _STAGE, reason, f"{times} times", fragment=True)


def _fragment(document: Document, text: str, facts: dict[str, str]) -> Document:
    return make_document(
        lang=document.lang,
        kind="code",
        text=text,
        source=document.source,
        group=document.group,
        meta=facts,
        path=document.path,
        url=document.url,
        license=document.license,
    )
