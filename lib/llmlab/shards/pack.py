"""Best-fit packing: whole documents side by side in rows, so that few are cut and no row is mostly padding."""

import bisect
from collections.abc import Sequence


def pack_best_fit(lengths: Sequence[int], row: int) -> list[list[tuple[int, int, int]]]:
    """Rows of pieces `(document, start, stop)`, each row at most `row` tokens long.

    Documents longer than a row are cut into full rows and a rest. Neighbouring pieces share one id, the last target of
    one being the first input of the next, so that a cut loses no target. The pieces, longest first, each go into the
    row with the least space that still holds them (best-fit decreasing, Ding et al. 2024, arXiv 2404.10830).
    """
    pieces = [
        (document, start, min(start + row, length))
        for document, length in enumerate(lengths)
        for start in range(0, max(1, length - 1), row - 1)
    ]
    pieces.sort(key=lambda piece: (piece[1] - piece[2], piece[0], piece[1]))
    rows: list[list[tuple[int, int, int]]] = []
    free: list[tuple[int, int]] = []  # (space left, row number), sorted
    for piece in pieces:
        size = piece[2] - piece[1]
        place = bisect.bisect_left(free, (size, -1))
        if place == len(free):
            rows.append([piece])
            bisect.insort(free, (row - size, len(rows) - 1))
        else:
            space, number = free.pop(place)
            rows[number].append(piece)
            bisect.insort(free, (space - size, number))
    return rows
