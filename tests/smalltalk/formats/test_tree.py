import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from llmlab.smalltalk.formats.reading import RefusedError
from llmlab.smalltalk.formats.tree import Refusal, Tree, open_tree, read_tree

from .test_monticello import MCZ

FOLDER = Path(__file__).parents[1] / "fixtures" / "formats"


def names(path: Path) -> tuple[list[str], list[str]]:
    with open_tree(path) as tree:
        found = list(read_tree(tree))
    read = [record.name for each in found if not isinstance(each, Refusal) for record in each[1].classes]
    return read, sorted(each.reason for each in found if isinstance(each, Refusal))


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    for path in files:
        copy = folder / path.relative_to(FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / ".git").mkdir()
    (folder / ".git/config.st").write_text("Class { #name : 'Hidden' }", encoding="utf-8")
    for number in (3, 12):
        (folder / f"Nature-ab.{number}.mcz").write_bytes(MCZ)
    (folder / "link.st").symlink_to(folder / "squeak.st")
    return folder


def test_a_checkout(checkout):
    read, refused = names(checkout)
    assert {"Bed", "Rake", "Meadow", "Mill", "Lantern", "Ledger", "TonelNew"} <= set(read)
    assert "Hidden" not in read
    # squeak.st and the newest package; the link and the older package are not read.
    assert read.count("Meadow") == 2
    assert refused.count("older version of a package") == 1
    assert refused.count("package without code") == 5


def test_archives_hold_what_the_folder_holds(checkout, tmp_path):
    expected = names(checkout)
    (checkout / "link.st").unlink()
    files = [path for path in sorted(checkout.rglob("*")) if path.is_file() and ".git" not in path.parts]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in files:
            archive.write(path, path.relative_to(checkout))
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        for path in reversed(files):
            archive.add(path, path.relative_to(checkout))
    assert names(tmp_path / "all.zip") == expected
    assert names(tmp_path / "all.tar.gz") == expected


def test_single_files(checkout):
    assert names(checkout / "Nature-ab.12.mcz")[0] == ["Meadow", "Integer"]
    assert names(checkout / "gnu.st")[0] == ["Mill", "Sluice"]


def test_members_with_names_that_lead_elsewhere_stay_inside(tmp_path):
    data = b"Class { #name : 'A', #superclass : 'B' }\nA >> foo [ ]"
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        for name in ("../outside.st", "/absolute.st"):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.st")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert names(tmp_path / "evil.tar") == (["A", "A"], [])
    assert not (tmp_path.parent / "outside.st").exists()


def test_broken_archives_are_refused(checkout, tmp_path):
    path = tmp_path / "cut.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(checkout, "x")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(RefusedError, match="broken archive"):
        names(path)


def test_large_files_are_not_loaded():
    def load(path: str) -> bytes:
        raise AssertionError(path)

    (refusal,) = read_tree(Tree({"a.st": 2000}, load), max_bytes=1000)
    assert refusal == Refusal("a.st", "file too large", "2,000 bytes")
