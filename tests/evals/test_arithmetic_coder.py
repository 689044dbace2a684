import math
import random

import pytest

from llmlab.evals.arithmetic_coder import MAX_TOTAL, ArithmeticDecoder, ArithmeticEncoder


def encoded(symbols: list[int], counts: list[int]) -> bytes:
    starts = [sum(counts[:symbol]) for symbol in range(len(counts))]
    encoder = ArithmeticEncoder()
    for symbol in symbols:
        encoder.encode(starts[symbol], starts[symbol] + counts[symbol], sum(counts))
    return encoder.finish()


def decoded(code: bytes, count: int, counts: list[int]) -> list[int]:
    decoder, total, found = ArithmeticDecoder(code), sum(counts), []
    for _ in range(count):
        target, start, symbol = decoder.target(total), 0, 0
        while start + counts[symbol] <= target:
            start, symbol = start + counts[symbol], symbol + 1
        decoder.consume(start, start + counts[symbol], total)
        found.append(symbol)
    return found


@pytest.mark.parametrize(
    "counts",
    [[1, 1], [1, 2**24], [2**24, 1, 5], [3, 1, 4, 1, 5, 9, 2, 6], [1, MAX_TOTAL - 1], [MAX_TOTAL // 2, MAX_TOTAL // 2]],
)
def test_what_goes_in_comes_out_and_takes_as_many_bits_as_it_says(counts: list[int]) -> None:
    """Shannon's bound: the sum of -log2 of the frequencies, and two bits at the end."""
    draw = random.Random(1)
    symbols = draw.choices(range(len(counts)), counts, k=300) + [0, len(counts) - 1] * 3
    code = encoded(symbols, counts)
    assert decoded(code, len(symbols), counts) == symbols
    bits = -sum(math.log2(counts[symbol] / sum(counts)) for symbol in symbols)
    assert len(code) <= math.ceil((bits + 2) / 8)
    assert len(code) * 8 >= bits - 40  # zeros at the end are not stored


def test_the_middle_is_put_off_as_long_as_it_takes() -> None:
    """Intervals around one half settle no bit for a long while."""
    symbols = [1] * 200
    counts = [1, 1, 1]
    assert decoded(encoded(symbols, counts), 200, counts) == symbols


def test_nothing_is_an_empty_code() -> None:
    assert len(ArithmeticEncoder().finish()) <= 1


def test_frequencies_may_change_at_every_symbol() -> None:
    draw = random.Random(2)
    tables = [[draw.randint(1, 1000) for _ in range(5)] for _ in range(200)]
    symbols = [draw.randrange(5) for _ in range(200)]
    encoder = ArithmeticEncoder()
    for counts, symbol in zip(tables, symbols, strict=True):
        encoder.encode(sum(counts[:symbol]), sum(counts[: symbol + 1]), sum(counts))
    decoder = ArithmeticDecoder(encoder.finish())
    for counts, symbol in zip(tables, symbols, strict=True):
        start, stop = sum(counts[:symbol]), sum(counts[: symbol + 1])
        assert start <= decoder.target(sum(counts)) < stop
        decoder.consume(start, stop, sum(counts))
