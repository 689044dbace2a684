"""The fewest tokens that spell a piece of bytes.

Merging by rank (`bpe.merge_by_rank`) is greedy: what it joins early may stand in the way of a longer token, and the
longer tokens are, the more that costs. Here every token costs the same, and a search over all ways to spell a piece
finds the cheapest. The search is SentencePiece's, made for its Unigram models (Kudo 2018, arXiv 1804.10959); the model
it is given has equal costs for all tokens, but for a trifle by which, of two ways equally short, the one of the lower
ranks wins. It reads texts, so a byte is handed over as the character of its number: nothing is unknown to it.

On the fewest tokens against merges: Schmidt et al. 2024, "Tokenization Is More Than Compression", arXiv 2402.18376.
"""

import math
import struct
from collections.abc import Sequence

import sentencepiece

# Against a token more: of a piece of 700 tokens it is less than one, whatever their ranks (a million at most).
_TRIFLE = 1e-4
_NORMAL, _UNKNOWN = 1, 2
_UNIGRAM = 1
# The search stops at NUL; no byte has this number.
_NUL = "\u0100"


class Speller:
    """Spells in the fewest of the given tokens, every byte among them; a token is told by its place in the list."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._search = sentencepiece.SentencePieceProcessor()
        self._search.LoadFromSerializedProto(_model(tokens))

    def spell(self, piece: bytes) -> list[int]:
        """The tokens of a piece."""
        found: list[int] = self._search.EncodeAsIds(_characters(piece))
        return found

    def spell_all(self, pieces: Sequence[bytes]) -> list[list[int]]:
        """The tokens of each piece; faster for many than one by one."""
        found: list[list[int]] = self._search.Encode(list(map(_characters, pieces)), out_type=int, num_threads=1)
        return found

    def spell_without(self, tokens: Sequence[bytes]) -> list[list[int]]:
        """Of each token that is more than a byte, the tokens that would spell it if it were none itself."""
        two_best = self._search.NBestEncode(list(map(_characters, tokens)), out_type=int, nbest_size=2)
        return [found[1] for found in two_best]


def _characters(piece: bytes) -> str:
    return piece.decode("latin-1").replace("\0", _NUL)


def _model(tokens: Sequence[bytes]) -> bytes:
    """A Unigram model as SentencePiece stores it: fields of its `ModelProto`, in protobuf's wire format."""
    costs = (1 + _TRIFLE * math.log1p(rank) for rank in range(len(tokens)))
    pieces = [_piece(_characters(token), -cost, _NORMAL) for token, cost in zip(tokens, costs, strict=True)]
    trainer = _number(3, _UNIGRAM)
    # Nothing is to be changed: no blank before the text, none taken away, none replaced.
    normalizer = _bytes(1, b"identity") + _number(3, 0) + _number(4, 0) + _number(5, 0)
    return b"".join([*pieces, _piece("<unk>", 0.0, _UNKNOWN), _bytes(2, trainer), _bytes(3, normalizer)])


def _piece(text: str, score: float, kind: int) -> bytes:
    return _bytes(1, _bytes(1, text.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", score) + _number(3, kind))


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
