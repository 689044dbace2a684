"""Raw documents to clean ones: normal form, boilerplate, code, secrets, quality; each drop with its reason."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field

from llmlab.artifacts.documents import Document, document_id
from llmlab.corpus.cluster import ClusterConfig, ExecutorName
from llmlab.corpus.code import read_code
from llmlab.corpus.code_rules import trim_class
from llmlab.corpus.dialogue import messages_to_text, text_to_messages
from llmlab.corpus.licences import LicenceConfig, find_licence_fault
from llmlab.corpus.normalize import normalize_characters, normalize_text, repair_mojibake, strip_boilerplate
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.quality import QualityConfig, filters_for, find_fault
from llmlab.corpus.script import convert_script, script_of
from llmlab.corpus.scrub import scrub
from llmlab.smalltalk.tonel import is_tonel


@dataclass(frozen=True, kw_only=True)
class CleanConfig:
    """What is done to a raw document."""

    enabled: bool = True
    """False passes everything through untouched."""
    mojibake: bool = False
    """Repair text that was decoded with the wrong encoding, outside code."""
    boilerplate: bool = True
    """Remove licence banners at the start and Project Gutenberg's frame, outside dialogue."""
    secrets: bool = True
    """Replace keys, e-mail addresses, telephone, identity, card and account numbers, and network addresses by a word
    that says what stood there; in code only inside comments and strings, keys apart (limits: corpus/scrub.py)."""
    licences: LicenceConfig = field(default_factory=LicenceConfig)
    """Which licences are let in; a document without a known one is let in by policy `any` or by name only."""
    script: Literal["keep", "Hans", "Hant"] = "keep"
    """Chinese outside code as it is, or in simplified (`Hans`) or traditional (`Hant`) characters, by OpenCC; which one
    a document is in stands in its meta as `script` in any case."""
    class_chars: Annotated[int, Field(gt=0)] | None = None
    """Most characters of a Smalltalk class in one document; a longer one goes on in further documents, each under its
    header again. null: a class is one document, whatever its length."""
    quality: QualityConfig = field(default_factory=QualityConfig)
    """Where the filters draw their lines, each with its source."""
    executor: ExecutorName = "local"
    """What does it in parts, when the corpus outgrows one machine: this machine, a Ray cluster (RAY_ADDRESS) or Slurm;
    all write the same. `local` with one worker needs no parts."""
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    """What the executor may use."""


def clean(documents: Iterable[Document], config: CleanConfig) -> Iterator[Kept | Dropped]:
    """Yield every document as kept (its text cleaned, its id worked out again) or dropped (as it came).

    A Smalltalk file that holds several classes comes out in parts, one for each. It may also yield dropped fragments,
    its broken methods; leaving those and the further parts out of the count, as many documents come out as went in.
    Documents whose clean texts are equal are all kept: duplicates are for `minhash`.
    """
    filters = filters_for(config.quality)
    for document in documents:
        if not config.enabled:
            yield Kept(document)
            continue
        refused = find_licence_fault(document, config.licences)
        if refused:
            yield Dropped(_hidden(document, config), "clean", refused, document.license)
            continue
        for outcome in _clean_one(document, config):
            fault = find_fault(outcome.document, filters) if isinstance(outcome, Kept) else None
            # A part is dropped as itself, since the others of its file may well be kept.
            dropped = outcome.document if outcome.part else document
            yield Dropped(_hidden(dropped, config), "clean", fault, part=outcome.part) if fault else outcome


def _clean_one(document: Document, config: CleanConfig) -> Iterator[Kept | Dropped]:
    if document.kind == "code" and document.lang == "smalltalk":
        text = normalize_characters(document.text)
        # In other formats the text before the first class is code, and a banner stands in the class comments.
        text = strip_boilerplate(text, "code") if config.boilerplate and is_tonel(text) else text
        whole = replace(document, text=text)
        for outcome in read_code(whole, boilerplate=config.boilerplate, max_chars=config.class_chars):
            yield from _clean_class(document, outcome, config)
        return
    if document.kind == "dialogue":
        yield _clean_dialogue(document, config)
        return
    text = _tidy(document.text, document.kind, config)
    yield Kept(_with_text(document, _hide(text, document.kind, config), config))


def _clean_class(raw: Document, outcome: Kept | Dropped, config: CleanConfig) -> Iterator[Kept | Dropped]:
    for piece in trim_class(outcome.document, config.quality.code) if isinstance(outcome, Kept) else [outcome]:
        if isinstance(piece, Kept):
            text = _hide(piece.document.text, "code", config)
            yield Kept(_with_text(piece.document, text, config), outcome.part)
        elif piece.fragment:
            yield replace(piece, document=_hidden(piece.document, config))
        else:
            # What is dropped whole keeps the text it came with; a part is dropped as itself.
            own = piece.document if outcome.part else raw
            yield replace(piece, document=_hidden(own, config), part=outcome.part)


def _hidden(document: Document, config: CleanConfig) -> Document:
    """A document to be put aside: as it came, id and all, but for what nobody should find in a file of rejects."""
    return replace(document, text=_hide(document.text, document.kind, config))


def _clean_dialogue(document: Document, config: CleanConfig) -> Kept | Dropped:
    """Turn by turn, so that nothing inside a turn can become a border between two."""
    try:
        messages = text_to_messages(document.text)
        for message in messages:
            message["content"] = _hide(_tidy(message["content"], "dialogue", config).strip(), "dialogue", config)
        return Kept(_with_text(document, messages_to_text(messages), config))
    except ValueError:
        return Dropped(_hidden(document, config), "clean", "not a dialogue")


def _tidy(text: str, kind: str, config: CleanConfig) -> str:
    if config.mojibake and kind != "code":
        # Before normalising, which removes the control characters that mojibake is made of.
        text = repair_mojibake(text)
    text = normalize_text(text)
    return strip_boilerplate(text, kind) if config.boilerplate and kind != "dialogue" else text


def _hide(text: str, kind: str, config: CleanConfig) -> str:
    return scrub(text, kind) if config.secrets else text


def _with_text(document: Document, text: str, config: CleanConfig) -> Document:
    meta = document.meta
    if document.lang == "chinese" and document.kind != "code":
        if config.script != "keep":
            text = convert_script(text, config.script)
        stated = json.loads(meta)
        found = script_of(text)
        # A short text may show neither script; then what its source says stands.
        if found != "Hani" or "script" not in stated:
            meta = json.dumps({**stated, "script": found}, ensure_ascii=False, sort_keys=True)
    return replace(document, text=text, id=document_id(document.lang, text), meta=meta)
