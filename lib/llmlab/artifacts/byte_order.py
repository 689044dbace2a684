"""Byte order marks, by which a text says what it is encoded in."""

# UTF-32's little-endian mark starts with UTF-16's, so it is tried first.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def marked_encoding(data: bytes) -> str | None:
    """The encoding that the first bytes of a text announce, by its Python name; None without a mark."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
