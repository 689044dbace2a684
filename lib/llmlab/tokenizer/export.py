"""A BPE tokenizer as other programs read it: the HF library's `tokenizer.json`, and tiktoken's file of ranks."""

from itertools import pairwise
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.bpe import BYTE_ORDER, BpeTokenizer, merge_by_rank
from llmlab.tokenizer.ranks import format_ranks
from llmlab.tokenizer.splits import pattern_of

# GPT-2's way to write bytes as characters that print: 188 stand for themselves, the others move up to 256 and beyond.
_CHARACTER = {byte: chr(byte if place < 188 else 256 + place - 188) for place, byte in enumerate(BYTE_ORDER)}


def to_tiktoken(tokenizer: Tokenizer) -> bytes:
    """The rank file; special tokens are not in it, they follow the last rank.

    Raises:
        LabError: the kind is not made of ranks.
    """
    return format_ranks(ranks_of(tokenizer).model.tokens)


def to_hf(tokenizer: Tokenizer) -> dict[str, Any]:
    """The content of a `tokenizer.json` that gives the same ids.

    subtle: in that library special tokens spelt in a text become special ids unless `encode_special_tokens` is set.

    Raises:
        LabError: the kind is not made of ranks.
    """
    bpe = ranks_of(tokenizer)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {
        "type": "Split",
        "pattern": {"Regex": pattern_of(bpe.model.split)},
        "behavior": "Isolated",
        "invert": False,
    }
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": token, "content": name, **flags, "special": True} for name, token in bpe.special.items()
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": None,
        "decoder": byte_level,
        "model": _hf_model(bpe),
    }


def _hf_model(bpe: BpeTokenizer) -> dict[str, Any]:
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        # As in tiktoken, a piece that is a token is that token, even where no merges lead to it.
        "ignore_merges": True,
        "vocab": {printable(token): rank for token, rank in bpe.ranks.items()},
        "merges": [[printable(left), printable(right)] for left, right in pairs_of(bpe.ranks)],
    }


def pairs_of(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """The merges behind ranks: what is left of a token when all joins of lower rank are done.

    A token of which more than two parts are left is reached by no merge (some of o200k's are such).
    """
    pairs: list[tuple[bytes, bytes]] = []
    for token, rank in ranks.items():
        if len(token) > 1:
            parts = merge_by_rank(token, ranks, rank)
            pairs += pairwise(parts) if len(parts) == 2 else []
    return pairs


def printable(token: bytes) -> str:
    """A token in GPT-2's characters: a space is Ġ, a line feed Ċ."""
    return "".join(_CHARACTER[byte] for byte in token)


def ranks_of(tokenizer: Tokenizer) -> BpeTokenizer:
    """The tokenizer, known to be made of ranks.

    Raises:
        LabError: it is not.
    """
    if not isinstance(tokenizer, BpeTokenizer):
        raise LabError(
            f"a tokenizer of kind {tokenizer.kind!r} is not made of merges and cannot be written in this form",
            "train one of kind bpe or superbpe: `lab tokenizer train --kind bpe …`",
        )
    return tokenizer
