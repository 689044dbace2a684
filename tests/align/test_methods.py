import json

import pytest

from llmlab.align.methods import closes, method_problems
from llmlab.artifacts.documents import Document
from llmlab.evals.completion import training_bodies
from llmlab.evals.world import make_world

HEADER = (
    "Class { #name : #Account, #superclass : #Object, #instVars : [ 'balance' ], #classVars : [ 'Rate' ], "
    "#category : #Bank }"
)
TEXT = f"""{HEADER}

Account >> deposit: amount [
\tbalance := balance + amount.
\t^ self
]

Account >> balance [
\t^ balance
]
"""


@pytest.fixture
def document():
    return Document(
        id="1", lang="smalltalk", kind="code", text=TEXT, source="made", group="made", path="", url="", license="MIT",
        meta=json.dumps({"dialect": "pharo"}),
    )  # fmt: skip


@pytest.fixture
def world(document):
    return make_world([document], [])


def test_signatures_are_problems_and_the_parser_is_the_judge(tokenizer, document, world):
    found = method_problems(tokenizer, [document], world, training_bodies([document]), count=9, longest=500)
    assert len(found.prompts) == 2
    assert tokenizer.decode(found.prompts[0]).endswith("deposit: amount [")
    demonstration = tokenizer.decode(found.answers[0])
    assert found.grade(0, demonstration, True) == {
        "correct": 1.0, "parses": 1.0, "compiles": 1.0, "concise": 1.0, "original": 0.0
    }  # fmt: skip
    shared = found.grade(0, "\n\tbalance := balance + Rate\n]", True)
    assert shared["compiles"] == 1.0  # a variable of the class
    wrong = found.grade(0, "\n\tbalance := balance + interest\n]", True)
    assert (wrong["parses"], wrong["compiles"], wrong["original"]) == (1.0, 0.0, 1.0)
    assert found.grade(1, "\n\t^ balance", False)["parses"] == 0.0


def test_a_method_is_finished_when_its_bracket_closes(tokenizer):
    finished = closes(tokenizer)
    inner, whole = (tokenizer.encode(text) for text in ("\n\t^ [ :x | x ]", "\n\t^ [ :x | x ]\n]"))
    assert not finished(0, inner)
    assert finished(0, whole)


def test_long_signatures_are_left_out(tokenizer, document, world, refuses):
    assert len(method_problems(tokenizer, [document], world, set(), count=1, longest=500).prompts) == 1
    refuses(["at most 3 tokens"], method_problems, tokenizer, [document], world, set(), count=9, longest=3)
