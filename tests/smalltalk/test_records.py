import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.records import ClassRecord, MethodRecord, RecordError

METHOD = MethodRecord("Counter", "instance", "counting", "increment", "increment\n\tcount := count + 1")
RECORD = ClassRecord("Counter", "Object", ("count",), ("Step",), ("all",), "Demo", "I count.", "class", (METHOD,))

TEXT = st.text(max_size=8)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
METHODS = st.builds(MethodRecord, TEXT, st.sampled_from(["instance", "class"]), TEXT, TEXT, TEXT)
KINDS = st.sampled_from(["class", "trait", "extension"])
RECORDS = st.builds(
    ClassRecord, TEXT, TEXT, NAMES, NAMES, NAMES, TEXT, TEXT, KINDS, st.lists(METHODS, max_size=3).map(tuple)
)


@given(RECORDS)
def test_json_round_trips(record):
    line = record.to_json()
    assert "\n" not in line
    assert ClassRecord.from_json(line) == record
    assert ClassRecord.from_json(json.loads(line)) == record


@given(METHODS)
def test_method_json_round_trips(method):
    assert MethodRecord.from_json(method.to_json()) == method


def test_records_are_values():
    assert hash(RECORD) == hash(ClassRecord.from_json(RECORD.to_json()))
    with pytest.raises(AttributeError):
        RECORD.name = "Other"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "package"}, "kind"),
        ({"name": 3}, "name to be a text"),
        ({"methods": "x"}, "methods to be a list"),
        ({"methods": [{}]}, "a MethodRecord with the keys"),
        ({"instance_variables": "count"}, "instance_variables to be a list"),
        ({"class_variables": [1]}, "class_variables to be a list of texts"),
        ({"extra": 1}, "a ClassRecord with the keys"),
    ],
)
def test_bad_json_is_named(change, message):
    values = {**json.loads(RECORD.to_json()), **change}
    with pytest.raises(RecordError, match=message):
        ClassRecord.from_json(values)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"name": "x"}'])
def test_what_is_no_record(text):
    with pytest.raises(RecordError, match="expected a ClassRecord"):
        ClassRecord.from_json(text)


def test_a_method_has_one_of_two_sides():
    with pytest.raises(RecordError, match="'instance' or 'class'"):
        MethodRecord.from_json({**json.loads(METHOD.to_json()), "side": "left"})
