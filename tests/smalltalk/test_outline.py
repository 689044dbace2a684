from llmlab.smalltalk.outline import outline


def test_selector_arguments_and_sends_each_once_in_order() -> None:
    source = "at: i put: v | t | t := i + i. ^ t foo; bar: v; foo"
    assert outline(source) == "valid: at:put:, 2 arguments, sends +, foo and bar:"
    assert outline("size ^ 0") == "valid: size, no arguments, sends nothing"
    assert outline("+ x ^ x negated") == "valid: +, 1 argument, sends negated"


def test_what_is_no_method_is_said_with_the_parsers_words() -> None:
    assert outline("foo ^ 1 +") == "not valid: line 1: expected an operand, found the end of the text"
