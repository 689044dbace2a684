import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.archive import archive_commit, archive_files


def pack(path: Path, files: dict[str, bytes], comment: str = "") -> Path:
    """A .tar.gz as `git archive` makes it, with a link and a device besides."""
    headers = {"comment": comment} if comment else {}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, pax_headers=headers) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, kind in (("top/link", tarfile.SYMTYPE), ("top/hard", tarfile.LNKTYPE), ("top/dev", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    return path


def contents(path: Path, limit: int = 1 << 20) -> dict[str, bytes | None]:
    return {file.path: file.data for file in archive_files(path, "a/b", limit, 100_000)}


def test_files_come_out_and_links_and_devices_do_not(tmp_path: Path) -> None:
    files = {"top/a.txt": b"a", "../../escape": b"b", "/absolute": b"c"}
    path = pack(tmp_path / "a.tar.gz", files, "c" * 40)
    assert contents(path) == files
    assert archive_commit(path) == "c" * 40
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tar.gz"]


def test_damage_is_seen_wherever_it_is(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.tar.gz", {f"top/{n}": bytes([n]) * 3000 for n in range(40)}).read_bytes()
    for kept in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "b.tar.gz").write_bytes(whole[:kept])
        with pytest.raises(LabError, match="damaged"):
            contents(tmp_path / "b.tar.gz")
    for place in range(20, len(whole) - 1, max(1, len(whole) // 40)):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        (tmp_path / "b.tar.gz").write_bytes(bytes(broken))
        with pytest.raises(LabError, match="damaged"):
            contents(tmp_path / "b.tar.gz")
    assert archive_commit(tmp_path / "b.tar.gz") in ("", "c" * 40)


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar.gz", {"top/zeros": bytes(5_000_000)})
    assert path.stat().st_size < 50_000
    with pytest.raises(LabError, match="unpacks to more than"):
        contents(path)


def test_a_header_that_promises_too_much_is_no_reason_to_read_on(tmp_path: Path) -> None:
    member = tarfile.TarInfo("top/a")
    member.size = 1 << 40
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(member.tobuf() + bytes(1000)))
    with pytest.raises(LabError, match="damaged"):
        contents(tmp_path / "a.tar.gz")


def test_a_large_file_is_hashed_and_not_kept(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar.gz", {"top/a": b"a" * 100, "top/b": b"b" * 101})
    small, large = archive_files(path, "a/b", 1 << 20, 100)
    assert (small.data, large.data) == (b"a" * 100, None)
    assert large.sha256 == hashlib.sha256(b"b" * 101).hexdigest()
