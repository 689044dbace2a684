import re
from pathlib import Path

import pytest

from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.lexer import tokenize
from llmlab.smalltalk.printer import selector_parts
from llmlab.smalltalk.records import ClassRecord, MethodRecord, Side

KERNEL = Path(__file__).parents[2] / "lib/llmlab/smalltalk/kernel.txt"


def record(name: str, superclass: str = "Object", selectors: tuple[str, ...] = (), **facts: object) -> ClassRecord:
    """A class; a selector that begins with `class ` is one of the class side."""
    methods = tuple(
        MethodRecord(name, "class" if each.startswith("class ") else "instance", "", each.removeprefix("class "), "")
        for each in selectors
    )
    return ClassRecord(name=name, superclass=superclass, methods=methods, **facts)  # type: ignore[arg-type]


@pytest.fixture
def shapes() -> Hierarchy:
    return Hierarchy(
        [
            record("Shape", selectors=("area", "class named:"), instance_variables=("name",), class_variables=("All",)),
            record("Square", "Shape", ("side",), instance_variables=("side",), traits=("TPaint - {#hide}",)),
            record("TPaint", "", ("paint",), kind="trait"),
            record("Odd", "Elsewhere", ("odd",)),
            record("Traited", "Object", (), traits=("TFar",)),
            record("Object", "", ("asShape",), kind="extension"),
        ]
    )


@pytest.mark.parametrize(
    ("name", "side", "selector", "expected"),
    [
        ("Square", "instance", "side", True),
        ("Square", "instance", "area", True),
        ("Square", "instance", "printString", True),  # from the kernel
        ("Square", "instance", "asShape", True),  # an extension of the kernel
        ("Square", "instance", "paint", True),  # from a trait
        ("Square", "instance", "named:", False),
        ("Square", "class", "named:", True),
        ("Square", "class", "new", True),
        ("Square", "class", "name", True),  # from Class
        ("Square", "class", "side", False),
        ("Square", "instance", "flyAway", False),
        ("Odd", "instance", "odd", True),
        ("Odd", "instance", "flyAway", None),  # its superclass is not known
        ("Traited", "instance", "flyAway", None),
        ("Nobody", "instance", "flyAway", None),
        ("String", "instance", "asUppercase", True),
        ("String", "instance", "asShape", True),
        ("Array", "class", "with:with:", True),
    ],
)
def test_lookup(shapes: Hierarchy, name: str, side: Side, selector: str, expected: bool | None) -> None:
    assert shapes.understands(name, side, selector) is expected


def test_variables_are_inherited_and_differ_by_side(shapes: Hierarchy) -> None:
    square = record("Square", "Shape", instance_variables=("side",), class_instance_variables=("count",))
    assert shapes.variables(square, "instance") == {"side", "name", "All"}
    assert shapes.variables(square, "class") == {"count", "All"}
    assert shapes.variables(record("Square", "", kind="extension"), "instance") == {"side", "name", "All"}


def test_one_class_can_be_replaced_and_the_original_stays(shapes: Hierarchy) -> None:
    other = shapes.with_class(record("Shape", selectors=("perimeter",)))
    assert other.understands("Square", "instance", "perimeter") is True
    assert other.understands("Square", "instance", "area") is False
    assert shapes.understands("Square", "instance", "area") is True
    more = shapes.with_class(record("Shape", "", ("perimeter",), kind="extension"))
    assert more.understands("Square", "instance", "area") is more.understands("Square", "instance", "perimeter") is True
    assert shapes.understands("Square", "instance", "perimeter") is False


def test_without_a_kernel_only_the_records_are_known() -> None:
    alone = Hierarchy([record("Shape", selectors=("area",))], kernel=False)
    assert alone.globals == {"Shape"}
    assert alone.implemented == {"area"}
    assert alone.understands("Shape", "instance", "printString") is None


def test_a_circle_of_superclasses_ends() -> None:
    circle = Hierarchy([record("A", "B"), record("B", "A")])
    assert list(circle.ancestors("A")) == ["A", "B"]
    assert circle.understands("A", "instance", "x") is None


def test_objects_of_the_system_are_globals(shapes: Hierarchy) -> None:
    assert {"Transcript", "Smalltalk", "Shape", "TPaint"} <= shapes.globals
    assert shapes.class_of_object("Transcript") == "TranscriptStream"
    assert "Transcript" not in shapes


def test_the_kernel_is_well_formed() -> None:
    """Every class once a side, below a known one, and nothing but selectors in the lists."""
    kernel = Hierarchy([])
    text = KERNEL.read_text(encoding="utf-8")
    for name in re.findall(r"^(\w+) < ", text, re.MULTILINE):
        assert kernel.inherits(name, "ProtoObject"), name
    for name, value in re.findall(r"^(\w+) := (\w+)$", text, re.MULTILINE):
        assert value in kernel, name
    assert len(kernel.globals) > 150
    for selector in kernel.implemented:
        parts = selector_parts(selector)
        kinds = {token.kind for part in parts for token in tokenize(part) if token.kind != "end"}
        assert kinds in ({"name"}, {"keyword"}) or not selector[0].isalnum(), selector


@pytest.mark.parametrize(
    ("name", "selector"),
    [("Integer", "asUppercase"), ("String", "raisedTo:"), ("BlockClosure", "add:"), ("Boolean", "do:"), ("Set", "at:")],
)
def test_the_kernel_does_not_understand_everything(name: str, selector: str) -> None:
    """`at:` is Object's in every Smalltalk, so a set has it too, and fails when it runs."""
    assert Hierarchy([]).understands(name, "instance", selector) is (selector == "at:")
