"""Smalltalk sources to training text: parsed, broken methods out, rendered in the one normal layout."""

import json
from collections.abc import Iterator
from dataclasses import replace

from llmlab.artifacts.documents import Document, document_id, make_document
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.smalltalk.records import ClassRecord
from llmlab.smalltalk.rendering import render_class
from llmlab.smalltalk.tonel import BrokenMethod, is_tonel, read_class

_STAGE = "clean"


def read_code(document: Document) -> Iterator[Kept | Dropped]:
    """Turn one Tonel file into its rendered class, preceded by its broken methods as dropped fragments.

    The kept document's meta gets dialect (`unknown` when its source does not say), class, superclass and package.
    Dropped whole: text that is not Tonel, a file whose class definition does not parse, and a class without methods
    and comment.
    """
    if not is_tonel(document.text):
        yield Dropped(document, _STAGE, "unknown format")
        return
    try:
        record, broken = read_class(document.text)
    except ValueError as error:
        yield Dropped(document, _STAGE, "broken class definition", str(error))
        return
    yield from (_dropped_method(document, method) for method in broken)
    if not record.methods and not record.comment.strip():
        yield Dropped(document, _STAGE, "class without methods and comment")
        return
    text = render_class(record)
    meta = json.dumps(_facts(document, record), ensure_ascii=False, sort_keys=True)
    yield Kept(replace(document, text=text, id=document_id(document.lang, text), meta=meta))


def _facts(document: Document, record: ClassRecord) -> dict[str, str]:
    known = json.loads(document.meta)
    facts = {"class": record.name, "superclass": record.superclass, "package": record.category or document.group}
    return {"dialect": "unknown", **known, **facts}


def _dropped_method(document: Document, method: BrokenMethod) -> Dropped:
    facts = {**json.loads(document.meta), "class": method.class_name, "side": method.side}
    fragment = make_document(
        lang=document.lang,
        kind="code",
        text=method.source,
        source=document.source,
        group=document.group,
        meta=facts,
        path=document.path,
        url=document.url,
        license=document.license,
    )
    return Dropped(fragment, _STAGE, "broken method", method.error, fragment=True)
