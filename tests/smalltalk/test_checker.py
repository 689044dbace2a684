import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.smalltalk.checker import is_surely_valid, syntax_fault
from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.harmless import harmless_edits
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.literals import MAX_DEPTH
from llmlab.smalltalk.mutate import unchecked_breaks
from llmlab.smalltalk.parser import is_valid_method, parse_method

# Everything that any dialect has a word for, and what only looks like it.
PIECES = (
    "foo at: put: := _ ← ^ ↑ + - | || < > >< ( ) [ ] { } #( #[ #{ ##( . ; : :: ` 1 255 256 2.5 16rFF 16r 2r3 3s 's' "
    '#s #+ ## # $ $a $< $\\n "c" nil A.B a_b _x <primitive: 60> <a: b> <cdecl: int*> [ :x | #(1 (x)) \' " ! -3 1e5'
).split(" ")
TEXTS = st.lists(st.sampled_from([*PIECES, "\n"]), max_size=14)


def agree(source, dialect):
    """Whether the tables' yes is the parser's, too: their no is nobody's."""
    return not is_surely_valid(source, dialect) or is_valid_method(source, dialect)


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=150)
@given(words=TEXTS, glue=st.sampled_from([" ", ""]), start=st.sampled_from(["foo ", "foo ^ x ", "at: x foo ", ""]))
def test_the_tables_never_accept_what_the_parser_refuses(name, words, glue, start):
    assert agree(start + glue.join(words), DIALECTS[name])


@pytest.mark.parametrize("name", DIALECTS)
def test_broken_and_edited_methods_are_judged_alike(name, bundled_methods):
    dialect = DIALECTS[name]
    rng = random.Random(name)
    tried = 0
    for source in [each.source for each in bundled_methods[::40]]:
        if syntax_fault(source, dialect) is None:
            for text, _ in (*unchecked_breaks(source, rng, dialect), *harmless_edits(source, rng, dialect)):
                tried += 1
                assert agree(text, dialect), text
    assert tried > 100


def test_the_tables_know_nearly_all_real_methods(bundled_methods):
    left = [each.source for each in bundled_methods if not is_surely_valid(each.source)]
    assert len(left) < len(bundled_methods) / 100, left[:3]


def test_the_fault_is_the_parsers():
    source = "foo\n\t^ a +"
    with pytest.raises(SmalltalkSyntaxError) as caught:
        parse_method(source)
    fault = syntax_fault(source)
    assert fault is not None
    assert (str(fault), fault.position) == (str(caught.value), caught.value.position)
    assert syntax_fault("foo ^ 1") is None


@pytest.mark.parametrize("pair", ["()", "[]", "{}"])
@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5000])
def test_nesting_ends_where_the_parser_ends_it(pair, depth):
    source = "foo ^ " + pair[0] * depth + "x" + pair[1] * depth
    assert (syntax_fault(source) is None) == (depth <= MAX_DEPTH)
    assert agree(source, DIALECTS["pharo"])


def test_arrays_nest_too():
    for depth in range(1, MAX_DEPTH + 3):
        source = "foo ^ " + "[" * (MAX_DEPTH - 5) + "#(" + "(" * (depth - 1) + ")" * depth + "]" * (MAX_DEPTH - 5)
        assert agree(source, DIALECTS["gnu"])


def test_the_check_is_several_times_faster_than_the_parser(bundled_methods):
    sources = [each.source for each in bundled_methods][:1500]

    def seconds(check):
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            assert all(map(check, sources))
            best = min(best, time.process_time() - started)
        return best

    size = sum(len(each.encode()) for each in sources) / 1e6
    check, parser = seconds(lambda source: syntax_fault(source) is None), seconds(is_valid_method)
    # Measured: 5 to 12 MB/s on a core, four to ten times the parser. The floors leave room for a busy machine.
    assert check < parser / 1.5, (size / check, size / parser)
    assert size / check > 1.0
