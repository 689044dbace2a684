import pytest

from llmlab.smalltalk.coherence import CHECKS, add_up, check_class
from llmlab.smalltalk.hierarchy import Hierarchy

HEADER = (
    "Class { #name : #Counter, #superclass : #Object, #instVars : [ 'count' ], #classVars : [ ], #category : #Demo }"
)
GOOD = f"""{HEADER}
"I count."

{{ #category : #creation }}
Counter class >> startingAt: n [
	^ self new setCount: n
]

{{ #category : #accessing }}
Counter >> count [
	^ count
]

Counter >> initialize [
	super initialize.
	count := 0
]

Counter >> setCount: n [
	count := n.
	^ self
]
"""
HIERARCHY = Hierarchy([])


def passed(text: str, *, whole: bool = True) -> dict[str, tuple[int, int]]:
    return check_class(text, HIERARCHY, HIERARCHY.globals, whole=whole)


def test_a_good_class_passes_everything() -> None:
    found = passed(GOOD)
    assert list(found) == list(CHECKS)
    expected = {
        **{"header": (1, 1), "methods_valid": (4, 4), "own_class": (4, 4), "selectors_unique": (4, 4)},
        **{"names_sound": (4, 4), "variables_used": (1, 1), "self_sends": (2, 2), "creators": (1, 1)},
        **{"getters": (1, 1), "initialize_super": (1, 1), "tests_in_test_case": (0, 0)},
    }
    assert found == expected


@pytest.mark.parametrize(
    ("old", "new", "check", "result"),
    [
        ("#superclass : #Object", "#superclass : #Elsewhere", "header", (0, 1)),
        ("^ count", "^ (count", "methods_valid", (3, 4)),
        ("Counter >> count [", "Other >> count [", "own_class", (3, 4)),
        ("Counter >> count [", "Counter >> initialize [", "selectors_unique", (3, 4)),
        ("^ count", "^ total", "names_sound", (3, 4)),
        ("^ self new", "^ Unknown new", "names_sound", (3, 4)),
        ("count := n", "n := count", "names_sound", (3, 4)),
        ("'count' ]", "'count', 'spare' ]", "variables_used", (1, 2)),
        ("^ self\n", "^ self flyAway\n", "self_sends", (2, 3)),
        ("self new setCount:", "self new startingAt:", "creators", (0, 1)),
        ("^ count", "^ 3", "getters", (0, 1)),
        ("super initialize.", "", "initialize_super", (0, 1)),
        (">> setCount: n", ">> testCount", "tests_in_test_case", (0, 1)),
    ],
)
def test_each_fault_is_seen_by_its_check(old: str, new: str, check: str, result: tuple[int, int]) -> None:
    assert old in GOOD
    assert passed(GOOD.replace(old, new, 1))[check] == result


def test_tests_belong_below_a_test_case() -> None:
    text = GOOD.replace("#superclass : #Object", "#superclass : #TestCase").replace(">> setCount: n", ">> testCount")
    assert passed(text)["tests_in_test_case"] == (1, 1)


@pytest.mark.parametrize("text", ["", "Class {", "Class { #name : ", "once upon a time", "\x00"])
def test_no_header_no_class(text: str) -> None:
    assert passed(text) == {**dict.fromkeys(CHECKS, (0, 0)), "header": (0, 1)}


def test_what_was_cut_off_is_not_held_against_it() -> None:
    cut = GOOD[: GOOD.index("\tcount := n.")]
    assert passed(cut, whole=True)["methods_valid"] == (3, 4)
    assert passed(cut, whole=False)["methods_valid"] == (3, 3)


def test_an_unknown_superclass_leaves_sends_undecided() -> None:
    text = GOOD.replace("#superclass : #Object", "#superclass : #Elsewhere").replace("^ self\n", "^ self flyAway\n")
    assert passed(text)["self_sends"] == (0, 0)


def test_sums() -> None:
    assert add_up([passed(GOOD), passed("")])["header"] == (1, 2)
    assert add_up([]) == dict.fromkeys(CHECKS, (0, 0))
