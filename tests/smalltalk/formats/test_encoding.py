import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.reading import RefusedError

TEXT = "caf\u00e9 \u2018x\u2019\nok"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (TEXT.encode(), TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), TEXT),
        (TEXT.encode("utf-16"), TEXT),
        (TEXT.encode("utf-32"), TEXT),
        (TEXT.encode("cp1252"), TEXT),
        (TEXT.replace("\n", "\r").encode("mac_roman"), TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode("cp1252"), TEXT),
        (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
        (b"text\x1a\x00\x00\x00", "text"),
        (b"\x81 undefined in cp1252 \xff", "\x81 undefined in cp1252 \xff"),
        # Cut in the middle of its last character: still UTF-8.
        ("\u00e9 and \u4e2d\u6587".encode()[:-1], "\u00e9 and \u4e2d"),
        (b"'a" + b"x" * 2000 + b"\x00'", "'a" + "x" * 2000 + "'"),
    ],
)
def test_decoding(data, expected):
    assert decode_source(data) == expected


@pytest.mark.parametrize("data", [b"\x00\x01\x02abc", b"PNG\x00\x00\x0d" * 9, b"\xff\xfea", b"\x00\x00\xfe\xff\x00"])
def test_binary_is_refused(data):
    with pytest.raises(RefusedError, match=r"binary file|broken encoding"):
        decode_source(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(data):
    try:
        text = decode_source(data)
    except RefusedError:
        return
    assert "\r" not in text
    assert "\x00" not in text
