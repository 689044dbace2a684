"""An arithmetic coder over integer frequencies: what turns probabilities into bits, and bits back into symbols.

Witten, Neal & Cleary 1987, "Arithmetic coding for data compression" (CACM 30(6)), with registers of 62 bits, so that
totals of 2**24 lose nothing that can be measured. All arithmetic is on integers: equal frequencies give equal bits on
every machine.
"""

_BITS = 62
_FULL = 1 << _BITS
_HALF = _FULL >> 1
_QUARTER = _FULL >> 2
# A symbol must keep at least one value of the smallest range that the registers can have, a quarter.
MAX_TOTAL = 1 << 32


class ArithmeticEncoder:
    """Takes symbols one after the other as intervals of their frequencies; `finish` gives the bytes."""

    def __init__(self) -> None:
        self._low, self._high = 0, _FULL - 1
        self._pending = 0
        self._bytes = bytearray()
        self._last, self._filled = 0, 0

    def encode(self, start: int, stop: int, total: int) -> None:
        """Add the symbol that owns `start..stop` of `total`."""
        assert 0 <= start < stop <= total <= MAX_TOTAL
        span = self._high - self._low + 1
        self._high = self._low + span * stop // total - 1
        self._low += span * start // total
        while (shift := _settled(self._low, self._high)) is not None:
            if shift == _QUARTER:
                self._pending += 1
            else:
                self._write(1 if shift else 0)
            self._low, self._high = (self._low - shift) << 1, (self._high - shift) << 1 | 1

    def finish(self) -> bytes:
        """Close the code; the decoder reads zeros past its end, so zeros there are not stored."""
        self._pending += 1
        self._write(0 if self._low < _QUARTER else 1)
        while self._filled:
            self._put(0)
        return bytes(self._bytes).rstrip(b"\0")

    def _write(self, bit: int) -> None:
        self._put(bit)
        for _ in range(self._pending):
            self._put(1 - bit)
        self._pending = 0

    def _put(self, bit: int) -> None:
        self._last, self._filled = self._last << 1 | bit, self._filled + 1
        if self._filled == 8:
            self._bytes.append(self._last)
            self._last, self._filled = 0, 0


class ArithmeticDecoder:
    """Gives back what was encoded, asked with the same totals and intervals in the same order."""

    def __init__(self, code: bytes) -> None:
        self._code, self._place = code, 0
        self._low, self._high, self._value = 0, _FULL - 1, 0
        for _ in range(_BITS):
            self._value = self._value << 1 | self._bit()

    def target(self, total: int) -> int:
        """A number below `total` that lies in the interval of the next symbol."""
        return ((self._value - self._low + 1) * total - 1) // (self._high - self._low + 1)

    def consume(self, start: int, stop: int, total: int) -> None:
        """Go past the symbol that owns `start..stop` of `total`."""
        span = self._high - self._low + 1
        self._high = self._low + span * stop // total - 1
        self._low += span * start // total
        while (shift := _settled(self._low, self._high)) is not None:
            self._low, self._high = (self._low - shift) << 1, (self._high - shift) << 1 | 1
            self._value = (self._value - shift) << 1 | self._bit()

    def _bit(self) -> int:
        place = self._place
        self._place += 1
        return self._code[place >> 3] >> (7 - (place & 7)) & 1 if place >> 3 < len(self._code) else 0


def _settled(low: int, high: int) -> int | None:
    """What to take off before doubling: 0 or a half when the next bit is known, a quarter when it is put off."""
    if high < _HALF:
        return 0
    if low >= _HALF:
        return _HALF
    return _QUARTER if low >= _QUARTER and high < _HALF + _QUARTER else None
