import codecs
import gzip
import io
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.stream import byte_pieces, decoded

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "cp1252", "mac_roman", "shift_jis"]


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def outcome(call: Callable[[], str]) -> tuple[str, object]:
    try:
        return "text", call()
    except UnicodeDecodeError as error:
        return "place", error.start
    except LabError as error:
        return "place", int(error.problem.rpartition(" ")[2])


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(deadline=None)
@given(data=st.one_of(st.binary(max_size=20), st.text(max_size=12).map(lambda t: t.encode("utf-8", "replace"))))
def test_pieces_decode_as_the_whole_does(encoding: str, data: bytes) -> None:
    """Text and place of the first fault are those of Python's own decoding at once."""
    whole = outcome(lambda: data.decode(encoding))
    if encoding == "utf-8-sig" and data.startswith(codecs.BOM_UTF8) and isinstance(whole[1], int):
        # Python counts from behind the mark, we from the start of the file.
        whole = ("place", whole[1] + len(codecs.BOM_UTF8))
    for size in (4, 5, 7, 100):
        pieces = decoded(pieces_of(data, size), encoding, "x")
        assert outcome(partial("".join, pieces)) == whole


@pytest.mark.parametrize("encoding", ["no-such", "hex"])
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(LabError, match="unknown encoding"):
        list(decoded([b"6161"], encoding, "x"))


def test_packed_bytes_are_unpacked_and_capped() -> None:
    data = bytes(range(256)) * 1000
    for packed, file in ((False, data), (True, gzip.compress(data))):
        read = b"".join(byte_pieces(io.BytesIO(file), len(data), "x", packed=packed))
        assert read == data
        with pytest.raises(LabError, match="x unpacks to more than"):
            list(byte_pieces(io.BytesIO(file), len(data) - 1, "x", packed=packed))
    for broken in (gzip.compress(data)[:-5], b"no gzip"):
        with pytest.raises(LabError, match="x is not whole gzip data"):
            list(byte_pieces(io.BytesIO(broken), len(data), "x", packed=True))
