import json
from pathlib import Path

from llmlab.smalltalk.formats.lines import KEYS, record_lines
from llmlab.smalltalk.formats.table import read_text

FOLDER = Path(__file__).parents[1] / "fixtures" / "formats"


def lines(name: str) -> list[dict]:
    reading = read_text((FOLDER / name).read_text(encoding="utf-8"))
    return [json.loads(each) for each in record_lines(name, reading, "repo", "MIT")]


def test_one_line_a_method_with_every_key():
    found = lines("cuis.pck.st")
    assert found == [
        {
            "dialect": "cuis",
            "format": "chunk",
            "repo": "repo",
            "path": "cuis.pck.st",
            "licence": "MIT",
            "package": "Orchard",
            "class": "Tree",
            "side": "instance",
            "superclass": "Object",
            "instvars": ["apples"],
            "classvars": [],
            "classinstvars": ["planted"],
            "traits": [],
            "protocol": "apples",
            "selector": "pick",
            "source": "pick\n\tapples _ apples - 1.\n\t^apples max: 0 :: printString",
            "comment": "I bear apples.",
            "stamp": "jv 5/1/2022 09:00:00",
        }
    ]
    assert tuple(found[0]) == KEYS


def test_a_class_without_methods_has_a_line():
    assert [(each["class"], each["selector"]) for each in lines("gnu.st")][-1] == ("Sluice", "")
