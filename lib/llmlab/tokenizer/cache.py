"""Pieces of text seen before, with their ids: a text is mostly a few words, again and again."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TypeVar

_MOST = 1 << 17
Piece = TypeVar("Piece")


class PieceCache(dict[Piece, list[int]]):
    """Piece to ids, worked out by `spell_piece` when it is first asked for; emptied when it grows too large."""

    def __init__(self, spell_piece: Callable[[Piece], list[int]]) -> None:
        super().__init__()
        self._spell_piece = spell_piece

    def __missing__(self, piece: Piece) -> list[int]:
        if len(self) >= _MOST:
            self.clear()
        found = self[piece] = self._spell_piece(piece)
        return found

    def spell(self, pieces: Iterable[Piece]) -> list[int]:
        """The ids of pieces, one after the other."""
        return list(chain.from_iterable(map(self.__getitem__, pieces)))
