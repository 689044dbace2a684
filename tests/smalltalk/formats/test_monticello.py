import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.formats.monticello import ZipLimits, read_mcz, version_of
from llmlab.smalltalk.formats.reading import RefusedError
from llmlab.smalltalk.formats.table import read_bytes

SOURCE = (Path(__file__).parents[1] / "fixtures" / "formats" / "squeak.st").read_bytes()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


MCZ = packed(
    {"package": b"(name 'Nature')", "version": b"(name 'x')", "snapshot/source.st": SOURCE, "snapshot.bin": b"\0"}
)


def test_a_package():
    reading = read_bytes(MCZ, "Nature-ab.3.mcz")
    assert (reading.format, reading.dialect, reading.package) == ("monticello", "squeak", "Nature")
    assert [each.name for each in reading.classes] == ["Meadow", "Integer"]
    latin = packed({"snapshot/source.st": "!A methodsFor: 'x'!\na ^ 'caf\u00e9'! !".encode("latin-1")})
    assert read_mcz(latin).classes[0].methods[0].source == "a ^ 'caf\u00e9'"


def lying(data: bytes) -> bytes:
    """The directory says that the source is small."""
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"snapshot/source.st"))
    return data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :]


BROKEN = ("Monticello package without source", "binary file", "broken encoding")
BOMB = packed({"snapshot/source.st": b" " * (8 << 20)})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed({"snapshot/snapshot.bin": b"\0"}), "Monticello package without source"),
        (packed({"a.txt": b"x"}), "zip without Smalltalk source"),
        (BOMB, "zip over its limits"),
        (packed({f"m{i}": b"" for i in range(10_001)}), "zip over its limits"),
        (MCZ[:200], "broken zip"),
        (b"PK\x03\x04" + b"\0" * 40, "broken zip"),
        (packed({"snapshot/source.st": b"no chunks"}), None),
    ],
)
def test_archives_that_are_not_trusted(data, reason):
    if reason is None:
        assert read_mcz(data).classes == ()
        return
    with pytest.raises(RefusedError) as caught:
        read_mcz(data)
    assert caught.value.reason == reason


def test_sizes_are_counted_while_unpacking():
    with pytest.raises(RefusedError, match=r"broken zip|over its limits"):
        read_mcz(lying(BOMB), ZipLimits(ratio=10**9, bytes=1 << 20))
    with pytest.raises(RefusedError, match="over its limits"):
        read_mcz(MCZ, ZipLimits(bytes=100))


@given(st.integers(0, len(MCZ)), st.binary(max_size=8), st.integers(0, 40))
def test_damaged_archives_never_crash(start, junk, length):
    try:
        found = read_mcz(MCZ[:start] + junk + MCZ[start + length :]).format
    except RefusedError as error:
        found = error.reason
    assert found in (
        "monticello",
        "broken zip",
        "encrypted zip",
        "zip over its limits",
        "zip without Smalltalk source",
        *BROKEN,
    )


def test_versions():
    assert version_of("Network-Kernel-ab.12.mcz") == ("Network-Kernel", 12)
    assert version_of("Pkg-ab.1.2.mcz") is None
    assert version_of("Pkg.zip") is None
