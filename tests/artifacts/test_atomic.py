import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmlab.artifacts.atomic import atomic_file, atomic_folder, write_json, write_text
from llmlab.artifacts.errors import LabError

LIB = Path(__file__).parents[2] / "lib"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Interrupted(BaseException):
    """Like KeyboardInterrupt: no Exception, and still nothing half written may stay."""


@pytest.mark.parametrize("error", [RuntimeError, Interrupted, OSError])
def test_a_writer_that_raises_leaves_the_old_file_and_nothing_else(tmp_path, error):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(error), atomic_file(target) as temporary:  # noqa: PT012 - what is half done must be inside
        temporary.write_text("half of the n")
        raise error("stopped")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, Interrupted, OSError])
def test_a_folder_writer_that_raises_leaves_the_old_folder_and_nothing_else(tmp_path, error):
    target = tmp_path / "model"
    with atomic_folder(target) as folder:
        (folder / "weights").write_text("old")
    with pytest.raises(error), atomic_folder(target) as folder:  # noqa: PT012
        (folder / "weights").write_text("half")
        (folder / "more").mkdir()
        raise error("stopped")
    assert (target / "weights").read_text() == "old"
    assert names(tmp_path) == ["model"]
    assert names(target) == ["weights"]


def test_the_target_appears_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "a.txt"
    with atomic_file(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"


def test_a_folder_replaces_the_old_one_whole(tmp_path):
    target = tmp_path / "model"
    for content in ("first", "second"):
        with atomic_folder(target) as folder:
            assert names(folder) == []
            (folder / content).mkdir()
            (folder / content / "file").write_text(content)
    assert names(target) == ["second"]
    assert names(tmp_path) == ["model"]


def test_a_killed_writers_leftover_is_overwritten(tmp_path):
    (tmp_path / ".model.writing").mkdir()
    (tmp_path / ".model.writing" / "half").write_text("torn")
    (tmp_path / ".a.txt.writing").write_text("torn")
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "whole").write_text("whole")
    write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == ["a.txt", "model"]
    assert names(tmp_path / "model") == ["whole"]


def test_a_full_disk_is_a_sentence_and_the_old_file_stays(tmp_path, refuses):
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fill():
        with atomic_file(target) as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))

    refuses(["a.txt", "no space left", "lab clean"], fill)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_rename_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch, refuses):
    target = tmp_path / "model"
    with atomic_folder(target) as folder:
        (folder / "weights").write_text("old")
    real = os.replace

    def replace(source, final):
        if Path(source).name == ".model.writing":
            raise OSError(errno.EDQUOT, "quota exceeded", str(final))
        real(source, final)

    monkeypatch.setattr(os, "replace", replace)

    def write():
        with atomic_folder(target) as folder:
            (folder / "weights").write_text("new")

    refuses(["model", "no space left"], write)
    assert (target / "weights").read_text() == "old"
    assert names(tmp_path) == ["model"]


def test_equal_values_are_equal_bytes(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": "中文"})
    write_json(tmp_path / "b.json", {"a": "中文", "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "中文" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": "中文", "b": 1}


def test_text_keeps_its_line_ends(tmp_path):
    write_text(tmp_path / "a", "one\ntwo\r\nthree")
    assert (tmp_path / "a").read_bytes() == b"one\ntwo\r\nthree"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_without_a_form_is_refused_before_anything_is_replaced(tmp_path, value):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"x": value})
    assert names(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "1\n"


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path):
    """A file system of 256 KiB in a mount namespace of its own: text, Parquet, tensors and folders all refuse."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    program = tmp_path / "fill.py"
    program.write_text(
        f"""
import os, sys
sys.path.insert(0, {str(LIB)!r})
from pathlib import Path
import torch
from llmlab.artifacts.atomic import atomic_folder, write_text
from llmlab.artifacts.documents import write_rows
from llmlab.artifacts.errors import LabError
from llmlab.runtime.tensors import write_tensors
disk = Path(sys.argv[1])
def folder(size):
    with atomic_folder(disk / "model") as temporary:
        write_tensors(temporary / "x.safetensors", {{"x": torch.ones(size)}})
folder(100)
write_text(disk / "a.txt", "old")
before = {{p: p.read_bytes() for p in disk.rglob("*") if p.is_file()}}
for fill in (lambda: write_text(disk / "a.txt", "x" * 10**6), lambda: folder(10**6),
             lambda: write_rows(disk / "a.parquet", ["a"], ({{"a": os.urandom(500).hex()}} for _ in range(10**4)))):
    try:
        fill()
    except LabError as error:
        assert "no space left" in str(error), error
    else:
        raise SystemExit("the disk was not full")
    assert {{p: p.read_bytes() for p in disk.rglob("*") if p.is_file()}} == before
print("kept")
"""
    )
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=256k none "$1" || exit 77; exec "$2" "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(disk), sys.executable, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.stdout.strip() == "kept", done.stderr


def test_errors_that_are_not_about_space_keep_their_type(tmp_path):
    with pytest.raises(PermissionError) as caught, atomic_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "denied")
    assert not isinstance(caught.value, LabError)
