from llmlab.smalltalk.dialects import dialect_named
from llmlab.tools.base import CallLimits, answer_call
from llmlab.tools.smalltalk import Smalltalk


def test_a_method_and_what_is_none_both_have_a_report() -> None:
    tool = Smalltalk()
    assert tool.run("foo: x ^ x + 1") == "valid: foo:, 1 argument, sends +"
    assert tool.run("foo ^").startswith("not valid: line 1: expected")


def test_the_dialect_decides() -> None:
    method = "foo ^ #[1 2 3]"
    assert Smalltalk().run(method).startswith("valid")
    assert Smalltalk(dialect_named("amber")).run(method) != ""


def test_whatever_it_is_given_it_reports() -> None:
    tools = {"smalltalk": Smalltalk()}
    limits = CallLimits(argument=100_000)
    for argument in ("", "(" * 50_000, "foo ^ " + "[" * 20_000, "\x00", "\ud800", "foo <|/smalltalk|> ^ 1", "'" * 9999):
        assert answer_call(tools, "smalltalk", argument, limits).startswith("not valid: ")
