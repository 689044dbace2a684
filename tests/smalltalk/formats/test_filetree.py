from pathlib import Path

import pytest

from llmlab.smalltalk.formats.filetree import (
    class_folder_of,
    is_class_folder,
    is_package_file,
    place_of,
    read_class_folder,
)
from llmlab.smalltalk.formats.reading import RefusedError
from llmlab.smalltalk.records import ClassRecord, MethodRecord

FOLDER = Path(__file__).parents[1] / "fixtures" / "formats" / "filetree"


def read(folder: str, **more: bytes):
    path = FOLDER / folder
    files = {each.relative_to(path).as_posix(): each.read_bytes() for each in path.rglob("*") if each.is_file()}
    settings = {each.name: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    place = place_of(f"{folder}/properties.json")
    assert place is not None
    return read_class_folder(place, {**files, **more}, settings)


def test_a_class_with_protocols_in_the_first_lines():
    reading = read("Garden.package/Bed.class")
    assert (reading.format, reading.package) == ("filetree", "Garden")
    side = "instance creation"
    methods = (
        MethodRecord("Bed", "class", side, "in:", "in: soil\n\tSoil := soil", "ab 1/1/2012 10:01"),
        MethodRecord("Bed", "instance", "comparing", "<=", "<= other\n\t^ seeds <= other seeds", "ab 1/1/2012 10:03"),
        MethodRecord(
            *("Bed", "instance", "accessing", "at:put:"),
            *("at: place put: seed\n\tseeds at: place put: seed", "ab 1/1/2012 10:02"),
        ),
    )
    names = (("seeds",), ("Soil",), ("rows",))
    assert reading.classes == (ClassRecord("Bed", "Object", *names, "Garden-Core", "I grow beds.", "class", methods),)


def test_metadata_in_files_of_their_own():
    (record,) = read("Shed.package/Rake.class").classes
    assert record.methods == (
        MethodRecord("Rake", "instance", "accessing", "teeth", "teeth\n\t^ teeth", "cd 2/2/2014"),
    )


def test_an_extension():
    (record,) = read("Garden.package/Object.extension").classes
    assert (record.kind, record.name, record.superclass, record.category) == ("extension", "Object", "", "")
    assert record.methods[0].protocol == "*garden"


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b'{"name": ' * 5000])
def test_broken_properties_are_refused(data):
    with pytest.raises(RefusedError, match="broken properties"):
        read("Garden.package/Bed.class", **{"properties.json": data})


def test_odd_values_are_ignored():
    odd = b'{"name": 3, "super": null, "instvars": [1, "a", "\\ud800"], "classvars": "X Y"}'
    (record,) = read(
        "Garden.package/Bed.class", **{"properties.json": odd, "instance/bad.st": b"\x00\x01" * 99}
    ).classes
    assert (record.name, record.superclass, record.instance_variables) == ("Bed", "", ("a", "?"))
    assert record.class_variables == ("X", "Y")


def test_places():
    assert class_folder_of("a/P.package/X.class/instance/foo.st") == "a/P.package/X.class"
    assert class_folder_of("X.trait/README.md") == "X.trait"
    assert class_folder_of("src/X.class.st") == ""
    assert is_class_folder({"instance/foo.st"})
    assert not is_class_folder({"README.md", "Main.java"})
    assert is_package_file("P.package/monticello.meta/version")
    assert not is_package_file("src/properties.json")
