import json
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.pins import Journal, pins_path, read_pins, write_pins

SOURCE = Source(name="github:some/thing", kind="github", document="code", license="MIT")
QUERY = {"a": 1, "b": ["x"]}


def test_pins_come_back_as_they_were_written(context: ReadContext) -> None:
    assert read_pins(SOURCE, context, QUERY) is None
    write_pins(SOURCE, context, QUERY, [{"repository": "a/b"}])
    assert read_pins(SOURCE, context, QUERY) == [{"repository": "a/b"}]
    assert pins_path(SOURCE) == Path("data/own/github-some-thing.lock.json")
    assert pins_path(replace(SOURCE, lock="x/y.json")) == Path("x/y.json")


def test_pins_of_another_query_are_refused(context: ReadContext) -> None:
    write_pins(SOURCE, context, QUERY, [])
    with pytest.raises(LabError, match=r"another query .*\(b differs\)"):
        read_pins(SOURCE, context, {**QUERY, "b": []})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"query": {}}', '{"query": {}, "entries": [1]}', "null"])
def test_a_damaged_file_is_refused(text: str, context: ReadContext) -> None:
    path = context.root / pins_path(SOURCE)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match="no lock file"):
        read_pins(SOURCE, context, QUERY)


def test_nothing_is_pinned_while_something_is_missing(context: ReadContext) -> None:
    context.missing["a/b"] = "gone"
    write_pins(SOURCE, context, QUERY, [])
    assert read_pins(SOURCE, context, QUERY) is None


def test_a_journal_survives_a_killed_writer_and_ends_with_the_pins(context: ReadContext) -> None:
    journal = Journal(SOURCE, context, QUERY)
    journal.add("one", {"n": 1})
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('["two", {"n"')
    again = Journal(SOURCE, context, QUERY)
    assert (again.find("one"), again.find("two")) == ({"n": 1}, None)
    again.add("three", {"n": 3})
    assert Journal(SOURCE, context, QUERY).find("three") == {"n": 3}
    assert Journal(SOURCE, context, {**QUERY, "a": 2}).find("one") is None
    write_pins(SOURCE, context, QUERY, [])
    assert not journal.path.exists()
    assert json.loads((context.root / pins_path(SOURCE)).read_text(encoding="utf-8"))["query"] == QUERY
