import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.corpus.sources.cutting import cut, lines_of

# Blanks of every sort that Python knows, beside a few letters.
CHARACTERS = "ab\n\n\n \t\r\x0b\x0c\x1c\x85\u00a0\u2028\u3000"

PIECES = st.lists(st.text(st.sampled_from(CHARACTERS), max_size=7), max_size=12)


def cut_at_once(text: str, split: str, block_chars: int) -> Iterator[str]:
    """What `cut` means, on a whole text."""
    if split == "none":
        yield text
    elif split == "lines":
        yield from (line for line in text.splitlines() if line.strip())
    else:
        block = ""
        for paragraph in re.split(r"\n[^\S\n]*\n\s*", text.replace("\r\n", "\n").strip()):
            if block and len(block) + len(paragraph) + 2 > block_chars:
                yield block
                block = paragraph
            else:
                block = f"{block}\n\n{paragraph}" if block else paragraph
        yield block


@settings(deadline=None)
@given(PIECES)
def test_lines_end_at_line_feeds_only(pieces: list[str]) -> None:
    lines = list(lines_of(pieces))
    assert "".join(lines) == "".join(pieces)
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all(line.count("\n", 0, -1) == 0 and line for line in lines)


@pytest.mark.parametrize("split", ["none", "lines", "blocks"])
@settings(deadline=None)
@given(pieces=PIECES, block_chars=st.integers(1, 12))
def test_a_stream_is_cut_as_a_whole_text_is(split: str, pieces: list[str], block_chars: int) -> None:
    assert list(cut(pieces, split, block_chars)) == list(cut_at_once("".join(pieces), split, block_chars))


@pytest.mark.parametrize("split", ["lines", "blocks"])
def test_a_piece_is_given_out_before_the_end_is_read(split: str) -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for number in range(100):
            read += 1
            yield f"paragraph {number}\n\n"

    next(cut(texts(), split, 20))
    assert read < 5
