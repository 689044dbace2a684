"""From the bytes of one token after the other to text: whole characters only, and nothing of a stop string."""

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence

from llmlab.tokenizer.base import Tokenizer


def pieces(parts: Iterable[bytes]) -> Iterator[str]:
    """Text from the bytes of one token after the other; a character is handed over only when it is whole.

    Put together, the pieces are what decoding all bytes at once gives: bytes that are no UTF-8 become U+FFFD.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for part in parts:
        if text := decoder.decode(part):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def until(parts: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Text up to the first stop string that is complete, without it; no part is asked for after that.

    An end that may be the beginning of a stop string is held back until it is clear. If two end at the same place the
    longer one counts; how the text was cut into parts does not matter.
    """
    held = ""
    for part in parts:
        held += part
        ends = [(place + len(stop), place) for stop in stops if (place := held.find(stop)) >= 0]
        if ends:
            if text := held[: min(ends)[1]]:
                yield text
            return
        kept = max((_overlap(held, stop) for stop in stops), default=0)
        if text := held[: len(held) - kept]:
            yield text
        held = held[len(held) - kept :]
    if held:
        yield held


def holds_stop(tokenizer: Tokenizer, stops: Sequence[str]) -> Callable[[int, list[int]], bool]:
    """A check of a row's ids so far, asked after each of them: whether the last one completed a stop string."""
    longest = max((len(stop.encode()) for stop in stops), default=0)

    def check(_: int, ids: list[int]) -> bool:
        # A token holds a byte at least, so a stop that just ended lies within so many of the last ones.
        tail = tokenizer.decode(ids[-longest - 1 :]) if stops else ""
        return any(stop in tail for stop in stops)

    return check


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of a text that are the beginning of a stop string, but not all of it."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
