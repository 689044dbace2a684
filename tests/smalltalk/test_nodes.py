from llmlab.smalltalk.nodes import Block, Send, Variable, children, same_tree, walk
from llmlab.smalltalk.parser import parse_method


def test_walk_goes_from_parents_to_children_in_source_order():
    method = parse_method("at: i <p: 1> | t | t := self foo: i bar: [ :x | x ]. ^ #(1 $a)")
    kinds = [type(each).__name__ for each in walk(method)]
    assert kinds == [
        *("Method", "Variable", "Pragma", "Number", "Variable"),
        *("Assign", "Variable", "Send", "Variable", "Variable", "Block", "Variable", "Variable"),
        *("Return", "LiteralArray", "Number", "Character"),
    ]


def test_ranges_give_back_the_source():
    source = "foo: x\n\t^ (a + (b c)) foo: [ :y | -3 ] bar: #[1 2]; baz: { y. 'it''s' }"
    for node in walk(parse_method(source)):
        text = source[node.start : node.stop]
        if isinstance(node, Variable):
            assert text == node.name
        if isinstance(node, Block):
            assert text == "[ :y | -3 ]"
        if isinstance(node, Send) and node.selector == "+":
            assert text == "a + (b c)"


def test_same_tree_ignores_ranges_and_nothing_else():
    one = parse_method("foo ^ (a b: 1)")
    assert same_tree(one, parse_method("foo\n\t^ a b: 1"))
    for other in ("foo ^ a b: 2", "foo ^ a c: 1", "foo a b: 1", "foo ^ a b: 1.0", "foo ^ a b", "bar ^ a b: 1"):
        assert not same_tree(one, parse_method(other))
    assert not same_tree(parse_method("foo ^ #(a)"), parse_method("foo ^ #('a')"))
    assert not same_tree(parse_method("foo ^ #(nil)"), parse_method("foo ^ #(#nil)"))


def test_equality_ignores_ranges_too():
    assert Variable("a", start=1, stop=2) == Variable("a")
    assert len({Variable("a", start=1), Variable("a")}) == 1


def test_long_chains_do_not_recurse():
    method = parse_method("foo ^ a" + " b" * 5000)
    assert same_tree(method, parse_method("foo ^ a " + "b " * 5000))
    assert sum(isinstance(each, Send) for each in walk(method)) == 5000


def test_children_of_a_leaf():
    assert children(Variable("a")) == []
