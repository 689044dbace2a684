"""The protocol that every tokenizer obeys, and the folder it is stored in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes

TOKENIZER_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """Section `tokenizer` of params.yaml."""

    kind: Literal[
        "spm", "unigram", "bpe", "superbpe", "wordpiece", "smalltalk", "hybrid", "logs", "rails", "byte", "char"
    ] = "spm"
    """`spm`: SentencePiece BPE with byte fallback. `unigram`: SentencePiece Unigram, likewise. `bpe`: byte-level BPE
    over pieces cut by `split`. `superbpe`: the same, but the last merges may cross spaces. `wordpiece`: learned as
    `bpe`, encoded by the longest match. `byte`: one id per byte. `char`: one id per character of the training text.
    `smalltalk`: pieces of the lexer, late merges across a line. `hybrid`: words for code, BPE for prose, bytes for rare
    names. `logs`: error logs and stack traces, lines told by earlier ones. `rails`: Ruby and ERB."""
    vocab_size: Annotated[int, Field(ge=300, le=1_000_000)] = 4096
    """V, special tokens and 256 byte tokens included; `char` and `byte` ignore it."""
    split: str = "cl100k"
    """Where `bpe`, `superbpe` and `wordpiece` cut a text before merges are learned: `gpt2`, `cl100k` (GPT-4), `o200k`
    (GPT-4o), `line`, or an own regular expression."""
    superwords: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the merges of `superbpe` that are learned last, on whole lines."""
    character_coverage: Annotated[float, Field(ge=0.98, le=1)] = 0.9995
    """Share of character occurrences that get a token of their own; the rest are spelt in bytes."""
    max_piece_length: Annotated[int, Field(ge=1, le=64)] = 16
    """Longest token in characters."""
    train_bytes: Annotated[int, Field(gt=0)] = 20_000_000
    """At most this much text per language is shown to the trainer."""
    tools: bool = False
    """Call two reserved slots `<|smalltalk|>` and `<|/smalltalk|>`, which the tool of that name needs; no id moves."""


class Tokenizer(Protocol):
    """Text to ids and back; `decode(encode(text)) == text` for every string without lone surrogates."""

    @property
    def kind(self) -> str:
        """The name under `tokenizer.kind`."""
        ...

    @property
    def vocab_size(self) -> int:
        """V."""
        ...

    @property
    def special(self) -> Mapping[str, int]:
        """Special token to id; `encode` never produces these ids."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids of a text, special tokens in it spelt out as plain text.

        Raises:
            LabError: the text holds a lone surrogate, or (kind `char`) an unknown character.
        """
        ...

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; special tokens vanish, broken UTF-8 becomes U+FFFD.

        Raises:
            LabError: an id outside the vocabulary.
        """
        ...

    def token_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that an id stands for, b"" for a special token."""
        ...

    def model_bytes(self) -> bytes:
        """The trained model, as the class of the same kind reads it."""
        ...


def refuse_surrogates(text: str) -> None:
    """Refuse text that has no UTF-8 form.

    Raises:
        LabError: names the position and code of the first lone surrogate.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LabError(
            f"the text holds the lone surrogate U+{ord(text[error.start]):04X} at character {error.start}",
            "decode the file with its right encoding, or drop the character",
        ) from error


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer.model` and `tokenizer.json` (kind, size, special tokens, hash) into an existing folder."""
    model = tokenizer.model_bytes()
    (folder / "tokenizer.model").write_bytes(model)
    write_json(folder / "tokenizer.json", describe(tokenizer))


def describe(tokenizer: Tokenizer) -> dict[str, Any]:
    """What `tokenizer.json` holds."""
    return {
        "version": TOKENIZER_VERSION,
        "kind": tokenizer.kind,
        "vocab_size": tokenizer.vocab_size,
        "special": dict(tokenizer.special),
        "model_sha256": hash_bytes(tokenizer.model_bytes()),
        "sha256": tokenizer_hash(tokenizer),
    }


def tokenizer_hash(tokenizer: Tokenizer) -> str:
    """One hash for everything that decides which ids a text gets."""
    names = "\0".join(f"{name}={token}" for name, token in sorted(tokenizer.special.items()))
    return hash_bytes(f"{tokenizer.kind}\0{names}\0".encode() + tokenizer.model_bytes())
