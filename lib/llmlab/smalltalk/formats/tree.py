"""A whole checkout or archive: its files one after the other, folders that stand for a class taken as one."""

import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from llmlab.smalltalk.formats.filetree import (
    SETTINGS,
    Place,
    class_folder_of,
    is_class_folder,
    is_package_file,
    place_of,
    read_class_folder,
)
from llmlab.smalltalk.formats.monticello import ZipLimits, is_zip, open_zip, read_member, version_of
from llmlab.smalltalk.formats.reading import Reading, RefusedError
from llmlab.smalltalk.formats.table import read_bytes

# A system's whole sources are 40 MB; what is larger is an image, a change log of years, or no text.
MAX_FILE = 64 << 20
_MAX_ARCHIVE = 4 << 30


@dataclass(frozen=True)
class Tree:
    """Files by path: `sizes` in bytes, `load` reads one. Paths are those inside the tree, with `/`."""

    sizes: Mapping[str, int]
    load: Callable[[str], bytes]


@dataclass(frozen=True)
class Refusal:
    """A file that gave no records, and why."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Unit:
    """What is read at once: one file, or (with a place) the files of a class folder."""

    path: str
    files: tuple[str, ...]
    place: Place | None = None


def units_of(paths: Sequence[str]) -> Iterator[Unit]:
    """Files and class folders in the order of their paths; files of a folder stand together in that order."""
    for folder, group in groupby(sorted(paths), key=class_folder_of):
        files = tuple(group)
        place = place_of(files[0]) if folder else None
        if place is not None and is_class_folder({each[len(folder) + 1 :] for each in files}):
            yield Unit(folder, files, place)
        else:
            yield from (Unit(each, (each,)) for each in files)


def read_tree(tree: Tree, max_bytes: int = MAX_FILE) -> Iterator[tuple[str, Reading] | Refusal]:
    """Every file of `tree`: its path and reading, or why it has none. One file or class folder in memory at a time."""
    old = old_versions(tree.sizes)
    for unit in units_of(list(tree.sizes)):
        if unit.path in old:
            yield Refusal(unit.path, "older version of a package", old[unit.path])
            continue
        try:
            yield unit.path, read_unit(tree, unit, max_bytes)
        except RefusedError as error:
            yield Refusal(unit.path, error.reason, error.detail)


def read_unit(tree: Tree, unit: Unit, max_bytes: int = MAX_FILE) -> Reading:
    """The classes of one unit; raises RefusedError."""
    size = sum(tree.sizes[each] for each in unit.files)
    if size > max_bytes:
        raise RefusedError("file too large", f"{size:,} bytes")
    if unit.place is None:
        if is_package_file(unit.path):
            raise RefusedError("package without code", "settings of a FileTree package")
        return read_bytes(tree.load(unit.path), unit.path)
    files = {each[len(unit.path) + 1 :]: tree.load(each) for each in unit.files}
    return read_class_folder(unit.place, files, _settings(tree, unit.place))


def old_versions(sizes: Mapping[str, int]) -> dict[str, str]:
    """Monticello packages beside which a newer version of the same package lies, and that version."""
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(sizes):
        folder, _, name = path.rpartition("/")
        version = version_of(name)
        if version is not None:
            key = folder, version[0]
            found[path] = key
            newest[key] = max(newest.get(key, (-1, "")), (version[1], path))
    return {path: newest[key][1] for path, key in found.items() if newest[key][1] != path}


def _settings(tree: Tree, place: Place) -> dict[str, bytes]:
    prefix = f"{place.package}/" if place.package else ""
    paths = {name: prefix + name for name in SETTINGS}
    return {name: tree.load(path) for name, path in paths.items() if 0 < tree.sizes.get(path, 0) <= 1 << 20}


# -- where the files are


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """The tree of a folder, a zip, a tar archive of any packing, or a single file.

    Links are not followed, hidden folders (`.git`) are left out.

    Raises:
        RefusedError: an archive that is broken or over its limits.
    """
    if path.is_dir():
        yield _folder_tree(path)
        return
    with path.open("rb") as file:
        head = file.read(4)
    if is_zip(head) and path.suffix.lower() != ".mcz":
        data = path.read_bytes()
        with open_zip(data, ZipLimits(members=1_000_000)) as archive:
            if not any(each.endswith("snapshot/source.st") and "/" not in each[:-18] for each in archive.namelist()):
                sizes = {each.filename: each.file_size for each in archive.infolist() if not each.is_dir()}
                yield Tree(sizes, lambda name: read_member(archive, name, ZipLimits()) or b"")
                return
    if _is_tar(path):
        with tempfile.TemporaryDirectory() as folder:
            yield _tar_tree(path, Path(folder))
        return
    yield Tree({path.name: path.stat().st_size}, lambda _: path.read_bytes())


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError, zlib.error) as error:
        # Packed, but cut short or damaged before its first member.
        raise RefusedError("broken archive", str(error)) from None


def _folder_tree(folder: Path) -> Tree:
    sizes = {}
    for file in folder.rglob("*"):
        place = file.relative_to(folder)
        hidden = any(part == ".git" for part in place.parts)
        if not hidden and not file.is_symlink() and file.is_file():
            sizes[place.as_posix()] = file.stat().st_size
    return Tree(sizes, lambda path: (folder / path).read_bytes())


def _tar_tree(archive: Path, folder: Path) -> Tree:
    """Members are spooled under numbers, since their own names may be anything."""
    sizes: dict[str, int] = {}
    places: dict[str, Path] = {}
    total = 0
    try:
        with tarfile.open(archive) as members:
            for member in members:
                content = members.extractfile(member) if member.isreg() and member.size <= MAX_FILE else None
                if content is None:
                    continue
                total += member.size
                if total > _MAX_ARCHIVE:
                    raise RefusedError("archive over its limits", f"more than {_MAX_ARCHIVE:,} bytes unpacked")
                place = folder / str(len(places))
                place.write_bytes(content.read())
                sizes[member.name], places[member.name] = member.size, place
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise RefusedError("broken archive", str(error)) from None
    return Tree(sizes, lambda path: places[path].read_bytes())
