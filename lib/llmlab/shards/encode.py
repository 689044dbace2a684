"""Documents to ids: opening tokens, text, end token; a dialogue is its text with `User:` and `Assistant:` labels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from llmlab.artifacts.documents import Document
from llmlab.shards.format import EncodedDocument
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import EOS

Kind = Literal["code", "prose", "verse", "dialogue"]
_CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class ShardConfig:
    """Section `shard` of params.yaml."""

    kinds: list[Kind] = field(default_factory=lambda: ["code", "prose", "verse", "dialogue"])
    """Kinds of document that the base model reads."""


def encode_documents(
    documents: Iterable[Document], tokenizer: Tokenizer, config: ShardConfig
) -> Iterator[EncodedDocument]:
    """Each document as `<bos> <lang> ids… <eos>`, in order; those of other kinds are left out."""
    waiting: list[Document] = []
    for document in documents:
        if document.kind in config.kinds:
            waiting.append(document)
        if len(waiting) == _CHUNK:
            yield from _encode(waiting, tokenizer)
            waiting = []
    yield from _encode(waiting, tokenizer)


def _encode(documents: list[Document], tokenizer: Tokenizer) -> Iterator[EncodedDocument]:
    end = tokenizer.special[EOS]
    for document, ids in zip(documents, tokenizer.encode_batch([d.text for d in documents]), strict=True):
        size = len(document.text.encode())
        whole = [*opening(tokenizer, document.lang), *ids, end]
        yield EncodedDocument(document.id, document.lang, document.kind, size, whole)
