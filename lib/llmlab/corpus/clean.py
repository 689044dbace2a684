"""Raw documents to clean ones: normal form, boilerplate, code, secrets, quality; each drop with its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

from llmlab.artifacts.documents import Document, document_id
from llmlab.corpus.code import read_code
from llmlab.corpus.dialogue import messages_to_text, text_to_messages
from llmlab.corpus.normalize import normalize_characters, normalize_text, repair_mojibake, strip_boilerplate
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.quality import QualityConfig, filters_for, find_fault
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
    """Replace keys, e-mail addresses and, outside code, telephone-like numbers by a word (limits: corpus/scrub.py)."""
    class_chars: Annotated[int, Field(gt=0)] | None = None
    """Most characters of a Smalltalk class in one document; a longer one goes on in further documents, each under its
    header again. null: a class is one document, whatever its length."""
    quality: QualityConfig = field(default_factory=QualityConfig)
    """Where the filters draw their lines: Gopher's shares for repetition, else by what they drop from the catalogue."""


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
        for outcome in _clean_one(document, config):
            fault = find_fault(outcome.document, filters) if isinstance(outcome, Kept) else None
            # A part is dropped as itself, since the others of its file may well be kept.
            dropped = outcome.document if outcome.part else document
            yield Dropped(dropped, "clean", fault, part=outcome.part) if fault else outcome


def _clean_one(document: Document, config: CleanConfig) -> Iterator[Kept | Dropped]:
    if document.kind == "code" and document.lang == "smalltalk":
        text = normalize_characters(document.text)
        # In other formats the text before the first class is code, and a banner stands in the class comments.
        text = strip_boilerplate(text, "code") if config.boilerplate and is_tonel(text) else text
        whole = replace(document, text=text)
        for outcome in read_code(whole, boilerplate=config.boilerplate, max_chars=config.class_chars):
            if isinstance(outcome, Kept):
                hidden = _hide(outcome.document.text, "code", config)
                yield replace(outcome, document=_with_text(outcome.document, hidden))
            else:
                # What is dropped whole keeps the text it came with.
                yield outcome if outcome.fragment or outcome.part else replace(outcome, document=document)
        return
    if document.kind == "dialogue":
        yield _clean_dialogue(document, config)
        return
    text = _tidy(document.text, document.kind, config)
    yield Kept(_with_text(document, _hide(text, document.kind, config)))


def _clean_dialogue(document: Document, config: CleanConfig) -> Kept | Dropped:
    """Turn by turn, so that nothing inside a turn can become a border between two."""
    try:
        messages = text_to_messages(document.text)
        for message in messages:
            message["content"] = _hide(_tidy(message["content"], "dialogue", config).strip(), "dialogue", config)
        return Kept(_with_text(document, messages_to_text(messages)))
    except ValueError:
        return Dropped(document, "clean", "not a dialogue")


def _tidy(text: str, kind: str, config: CleanConfig) -> str:
    if config.mojibake and kind != "code":
        # Before normalising, which removes the control characters that mojibake is made of.
        text = repair_mojibake(text)
    text = normalize_text(text)
    return strip_boilerplate(text, kind) if config.boilerplate and kind != "dialogue" else text


def _hide(text: str, kind: str, config: CleanConfig) -> str:
    return scrub(text, kind) if config.secrets else text


def _with_text(document: Document, text: str) -> Document:
    return replace(document, text=text, id=document_id(document.lang, text))
