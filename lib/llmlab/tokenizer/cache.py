"""Pieces of text seen before, with their ids: a text is mostly a few words, again and again."""

from collections.abc import Callable, Iterable
from itertools import chain

_MOST = 1 << 17


class PieceCache(dict[str, list[int]]):
    """Piece to ids, worked out by `spell_piece` when it is first asked for; emptied when it grows too large."""

    def __init__(self, spell_piece: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._spell_piece = spell_piece

    def __missing__(self, piece: str) -> list[int]:
        if len(self) >= _MOST:
            self.clear()
        found = self[piece] = self._spell_piece(piece)
        return found

    def spell(self, pieces: Iterable[str]) -> list[int]:
        """The ids of pieces, one after the other."""
        return list(chain.from_iterable(map(self.__getitem__, pieces)))
