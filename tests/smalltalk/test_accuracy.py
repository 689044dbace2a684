from llmlab.smalltalk.accuracy import measure_accuracy
from llmlab.smalltalk.dialects import DIALECTS

GOOD = ["foo ^ 1", "at: i put: x ^ a foo: 'one' bar: [ :y | y + 3 ]", "foo x := 3. ^ #(1 2) , x"]


def test_real_code_is_accepted_and_broken_code_refused(bundled_methods):
    sources = [each.source for each in bundled_methods[::30]]
    found = measure_accuracy(sources, DIALECTS["pharo"], mutated=60)
    assert found.accepted == found.methods == len(sources)
    assert found.refused > 0.995 * found.broken > 100
    assert found.kept == found.harmless > 100
    assert found.disagreements == 0
    assert min(found.check_speed, found.parser_speed) > 0


def test_what_goes_wrong_is_shown():
    found = measure_accuracy([*GOOD, "foo ^ `3`"], DIALECTS["squeak"])
    assert (found.methods, found.accepted) == (4, 3)
    assert found.wrong == (("line 1: expected Smalltalk text, found '`3`'", "foo ^ `3`"),)


def test_the_same_seed_gives_the_same_counts():
    first, second = (measure_accuracy(GOOD * 3, DIALECTS["gnu"], seed=5, mutated=4) for _ in range(2))
    assert (first.broken, first.refused, first.harmless) == (second.broken, second.refused, second.harmless)


def test_nothing_to_measure_is_no_error():
    assert measure_accuracy(["foo ^ ("], DIALECTS["gnu"]).broken == 0
