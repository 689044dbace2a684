"""The sums of the study token-patterns: against closed forms, and on made code with a known answer."""

import importlib
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from llmlab.artifacts.documents import make_document
from llmlab.smalltalk.lexer import scan

STUDY = Path(__file__).parents[2] / "studies" / "token-patterns"
CLASS = """"
I hold money for others.
"
Class {
	#name : #AccountTest,
	#superclass : #TestCase,
	#instVars : [
		'aBank',
		'lastName'
	],
	#category : #'Lab-Bank'
}

{ #category : #tests }
AccountTest >> testDeposit [
	"Money that came in is there."
	| x |
	x := Account new deposit: 3; yourself.
	self assert: (x at: #balance put: 3) equals: 3.
	self deny: x isEmpty.
	self should: [ x withdraw: 9 ] raise: Error
]
"""


def module(name):
    return importlib.import_module(name)


def draw():
    return np.random.default_rng(1)


def test_sign_flips_have_their_exact_p():
    sign_flip = module("resampling").sign_flip
    assert sign_flip([1.0] * 5, draw()) == pytest.approx(2 / 2**5)
    assert sign_flip([0.3, 0.1, 0.7, 0.2], draw()) == pytest.approx(2 / 2**4)
    assert sign_flip([1.0, -1.0], draw()) == 1
    assert sign_flip([1, 1, 1, -1], draw()) == pytest.approx(10 / 16)
    assert sign_flip([1.0] * 40, draw()) == pytest.approx(1 / (1 << 14))


def test_corrections_give_the_published_examples():
    """Worked by hand: Holm's steps 4p, 3p, 2p, p, never falling; Benjamini and Hochberg's 4p/4, 4p/3, 4p/2, 4p/1."""
    patterns = module("resampling")
    values = [0.01, 0.04, 0.03, 0.005]
    assert patterns.holm(values) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert patterns.benjamini_hochberg(values) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert patterns.holm([0.9, 0.8]) == [1, 1]


def test_an_interval_is_that_of_the_normal_law_for_many_values():
    values = draw().normal(5, 2, 400)
    mean, low, high = module("resampling").interval(list(values), 4000, draw())
    half = 1.96 * values.std() / math.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert [low, high] == pytest.approx([mean - half, mean + half], abs=0.03)


def test_expected_types_against_drawing():
    words = Counter({"a": 50, "b": 20, "c": 5, "d": 1, "e": 1})
    expected = module("results").expected_types(words, 10)
    pool = np.array(list(words.elements()))
    random = draw()
    seen = np.mean([len(set(random.choice(pool, 10, replace=False))) for _ in range(4000)])
    assert expected == pytest.approx(seen, abs=0.03)
    assert module("results").expected_types(words, words.total()) == pytest.approx(5)


def test_divergence_is_between_nothing_and_one_bit():
    divergence = module("results").jensen_shannon
    assert divergence(np.array([3, 1, 0]), np.array([6, 2, 0])) == pytest.approx(0)
    assert divergence(np.array([3, 0]), np.array([0, 5])) == pytest.approx(1)


def test_words_and_names_of_a_class():
    contexts = module("contexts")
    document = make_document(lang="smalltalk", kind="code", text=CLASS, source="made", group="lab/bank")
    found = contexts.tally([document])["lab/bank"]
    assert found.words["documentation"] == Counter("i hold money for others".split())
    assert found.words["comment"] == Counter("money that came in is there".split())
    assert found.words["code"] == Counter()
    assert found.words["test"]["deposit"] == 2
    assert found.names.assertions == Counter({"assert:equals:": 1, "deny:": 1, "should:raise:": 1})
    assert found.names.selectors == Counter({"test…": 1})
    assert found.names.suffixes == Counter({"Test": 1})
    assert found.names.variables == Counter(
        {"article and type (aString)": 1, "several words (lastName)": 1, "one letter": 1}
    )


def test_declared_variables():
    source = (
        "at: anIndex put: x\n\t| first second |\n"
        "\t^ self do: [ :each :i | | inner | first | second ] value: [ :a | b | c ]"
    )
    names = module("names")
    assert sorted(names.declared(list(scan(source)))) == sorted(
        ["anIndex", "x", "first", "second", "each", "i", "inner", "a"]
    )


def test_shapes():
    names = module("names")
    assert names.selector_shape("at:put:") == "2 keywords"
    assert names.selector_shape("isEmpty") == "is…, has…, can…"
    assert names.selector_shape("issue") == "plain word"
    assert names.selector_shape("->") == "operator"
    assert names.selector_shape("a:b:c:d:") == "3+ keywords"
    assert names.variable_shape("anObject") == "article and type (aString)"
    assert names.variable_shape("another") == "one word"


def test_a_planted_difference_holds_and_none_is_found_where_there_is_none():
    results = module("results")
    random = draw()
    common = [f"word{number}" for number in range(60)]

    def words(extra):
        counts = Counter(random.choice(common, 3000).tolist())
        counts["assert"] += extra
        return dict(counts)

    smalltalk = {
        f"repository {number}": {
            "classes": 1,
            "methods": 1,
            "words": {"code": words(0), "test": words(400), "comment": words(0), "string": {}, "documentation": {}},
            "names": {kind: {"a": 30, "b": 20} for kind in ("selectors", "variables", "suffixes", "assertions")},
        }
        for number in range(10)
    }
    config = results.MeasureConfig(sample=1000, draws=200, words=50, english_words=20)
    measure = results.Measure({"smalltalk": smalltalk, "prose": ["english"], "english": {"a": {"word1": 9}}}, config, 1)
    planted, none = measure.telling("test", "code"), measure.telling("comment", "code")
    assert [row["word"] for row in planted["more"]] == ["assert"]
    assert none["hold"] == 0
    assert not any(row["holds"] for row in none["more"])
