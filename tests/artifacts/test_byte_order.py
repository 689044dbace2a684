import codecs

import pytest

from llmlab.artifacts.byte_order import marked_encoding


@pytest.mark.parametrize(
    ("mark", "plain"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_marked_text_reads_back_without_its_mark(mark, plain):
    text = "größe 大小"
    data = mark + text.encode(plain)
    encoding = marked_encoding(data)
    assert encoding is not None
    assert data.decode(encoding) == text


@pytest.mark.parametrize("data", [b"", b"text", b"\xff", b"\xef\xbb"])
def test_a_text_without_a_mark_says_nothing(data):
    assert marked_encoding(data) is None
