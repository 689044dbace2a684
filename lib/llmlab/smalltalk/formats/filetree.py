"""FileTree and Cypress: a folder per class, a file per method; with and without metadata in files of their own."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.reading import Gathering, Reading, RefusedError
from llmlab.smalltalk.records import ClassRecord, Kind, Side

_PLACE = re.compile(
    r"(?P<folder>(?:(?P<package>(?:.*/)?[^/]+)/)?(?P<name>[^/]+)\.(?P<kind>class|extension|trait))/"
    r"(?P<rest>(?:(?:instance|class|classSide|classTrait)/)?[^/]+)"
)
_PACKAGE_FILE = re.compile(
    r"(?:.*/)?(?:[^/]+\.package/(?:monticello\.meta/[^/]*|\.filetree|properties\.json|package\.json|\.cypress)"
    r"|\.filetree|\.cypress|snapshot\.bin)"
)
_SIDES: dict[str, Side] = {"instance": "instance", "class": "class", "classSide": "class", "classTrait": "class"}
_VERSION = re.compile(r"\.package$")
SETTINGS = (".filetree", "properties.json", ".cypress")
MAX_JSON = 4 << 20


class Place(NamedTuple):
    """A file's place in a class folder: `package` is the path of the package folder, `rest` what follows `folder`."""

    folder: str
    package: str
    name: str
    kind: Kind
    rest: str


def place_of(path: str) -> Place | None:
    """The place of a file inside a class folder; None for any other path."""
    match = _PLACE.fullmatch(path)
    if match is None:
        return None
    kind: Kind = "trait" if match["kind"] == "trait" else "extension" if match["kind"] == "extension" else "class"
    return Place(match["folder"], match["package"] or "", match["name"], kind, match["rest"])


def class_folder_of(path: str) -> str:
    """The class folder that a path lies in; empty when it lies in none."""
    place = place_of(path)
    return place.folder if place else ""


def is_package_file(path: str) -> bool:
    """Whether a file belongs to a package as a whole: settings, versions, categories; it holds no code."""
    return _PACKAGE_FILE.fullmatch(path) is not None


def is_class_folder(names: Mapping[str, int] | set[str]) -> bool:
    """Whether these files make a class folder: its properties, or methods on a side."""
    return any(
        each in ("properties.json", "methodProperties.json")
        or ("/" in each and each.endswith(".st") and each.partition("/")[0] in _SIDES)
        for each in names
    )


def read_class_folder(place: Place, files: Mapping[str, bytes], settings: Mapping[str, bytes]) -> Reading:
    """The class of one folder; `files` are its files by their `rest`, `settings` those of the package by name.

    Raises:
        RefusedError: properties that are no JSON object.
    """
    gathering = Gathering()
    properties = _json(files.get("properties.json", b"{}"), place.folder)
    name = _text(properties.get("name")) or place.name
    gathering.define(_class_record(place, name, properties, files))
    stamps = _json(files.get("methodProperties.json", b"{}"), place.folder)
    separate = _is_separate(files, settings)
    for rest in sorted(files):
        folder, _, file = rest.partition("/")
        side = _SIDES.get(folder)
        if side is None or not file.endswith(".st"):
            continue
        try:
            text = decode_source(files[rest])
        except RefusedError as error:
            gathering.skipped[f"method file: {error.reason}"] += 1
            continue
        protocol, stamp = "", ""
        if separate:
            facts = _json(files.get(rest.removesuffix(".st") + ".json", b"{}"), rest)
            protocol, stamp = _text(facts.get("category")), _text(facts.get("timestamp"))
        else:
            protocol, _, text = text.partition("\n")
        gathering.add(name, side, protocol.strip(), text, stamp)
    reading = gathering.reading("filetree", _dialect(properties), _package_name(place.package))
    return _stamped(reading, stamps)


def _class_record(place: Place, name: str, properties: Mapping[str, Any], files: Mapping[str, bytes]) -> ClassRecord:
    comment = ""
    if "README.md" in files:
        try:
            comment = decode_source(files["README.md"]).strip()
        except RefusedError:
            comment = ""
    superclass = _text(properties.get("super"))
    return ClassRecord(
        name,
        "" if superclass == "nil" or place.kind != "class" else superclass,
        _texts(properties.get("instvars")),
        _texts(properties.get("classvars")),
        _texts(properties.get("classinstvars")),
        _text(properties.get("category")) or (_package_name(place.package) if place.kind != "extension" else ""),
        comment,
        place.kind,
        traits=_traits(_text(properties.get("traitcomposition"))),
    )


def _is_separate(files: Mapping[str, bytes], settings: Mapping[str, bytes]) -> bool:
    """Whether protocols stand in files of their own: as the package says, else as its files show."""
    for data in settings.values():
        if len(data) <= MAX_JSON and b"separateMethodMetaAndSource" in data:
            return re.search(rb'"separateMethodMetaAndSource"\s*:\s*true', data) is not None
    methods = [each for each in files if each.endswith(".st") and "/" in each]
    return any(each.removesuffix(".st") + ".json" in files for each in methods)


def _stamped(reading: Reading, stamps: Mapping[str, Any]) -> Reading:
    """Older packages keep author and time of all methods in one file, by side and selector."""

    def stamp(side: str, selector: str) -> str:
        of_side = stamps.get(side)
        return _text(of_side.get(selector)) if isinstance(of_side, dict) else ""

    if not stamps:
        return reading
    classes = tuple(
        replace(
            each,
            methods=tuple(replace(one, stamp=one.stamp or stamp(one.side, one.selector)) for one in each.methods),
        )
        for each in reading.classes
    )
    return replace(reading, classes=classes)


def _package_name(path: str) -> str:
    return _VERSION.sub("", path.rpartition("/")[2])


def _dialect(properties: Mapping[str, Any]) -> str:
    return "gemstone" if any(key.startswith("gs_") for key in properties) else "unknown"


def _json(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > MAX_JSON:
        raise RefusedError("broken properties", f"{where}: {len(data):,} bytes")
    try:
        value = json.loads(decode_source(data) or "{}")
    except (ValueError, RecursionError) as error:
        raise RefusedError("broken properties", f"{where}: {error}") from None
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    # JSON can spell half a surrogate pair, which no file can hold.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(_text(each) for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _traits(composition: str) -> tuple[str, ...]:
    names = re.findall(r"(?<![#\w>])[A-Z]\w*", composition)
    return tuple(dict.fromkeys(names))
