import json

import pytest

from llmlab.smalltalk import verdicts as module
from llmlab.smalltalk.verdicts import BadLineError, verdicts

ENTRIES = [
    {"id": 1, "dialect": "gnu", "source": "foo ^ ##(1)"},
    {"id": "two", "dialect": "st80", "source": "foo ^ ##(1)"},
    {"id": None, "dialect": "amber", "source": "foo\n\t^ 'été\ud800' +"},
]
EXPECTED = [
    {"id": 1, "valid": True, "error": None},
    {
        "id": "two",
        "valid": False,
        "error": "line 1: expected a symbol, a literal array or a byte array after #, found '##(1)'",
    },
    {"id": None, "valid": False, "error": "line 2: expected an operand, found the end of the text"},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "methods.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in ENTRIES) + "\n", encoding="utf-8")
    return path


def test_verdicts_come_in_order(file):
    assert [json.loads(line) for line in verdicts(file, 1)] == EXPECTED


def test_several_processes_give_the_same(file, monkeypatch):
    monkeypatch.setattr(module, "SEVERAL_PROCESSES", 1)
    monkeypatch.setattr(module, "_BATCH", 2)
    assert [json.loads(line) for line in verdicts(file, 2)] == EXPECTED


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 4 is not JSON"),
        ("[1]", r"line 4 is \[1\], not an object with id, dialect and source"),
        ('{"id": 1, "source": "foo"}', "line 4 has no dialect"),
        ('{"id": 1}', "line 4 has no dialect and no source"),
        ('{"id": 1, "dialect": "pharo", "source": 3}', "line 4: source is 3, not a text"),
        ('{"id": 1, "dialect": "basic", "source": "foo"}', "line 4: there is no dialect 'basic', only strict"),
        (b"\xff", "line 4 is not JSON"),
        ("[" * 100_000, "line 4 is not JSON"),
    ],
)
def test_a_bad_line_is_named(file, line, message):
    data = line if isinstance(line, bytes) else line.encode()
    file.write_bytes(file.read_bytes().rstrip(b"\n") + b"\n" + data + b"\n")
    with pytest.raises(BadLineError, match=message):
        list(verdicts(file, 1))
