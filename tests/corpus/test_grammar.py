import pytest

from llmlab.corpus.grammar import grammar, grammar_of
from llmlab.smalltalk.lexer import SmalltalkSyntaxError

CASCADE_GOES_ON = "foo ^ a b; c d"


def test_a_document_is_read_in_its_own_dialect(make):
    """Dolphin lets a cascade's part go on; Pharo does not."""
    grammar_of(make("x", lang="smalltalk", kind="code", meta={"dialect": "dolphin"}))(CASCADE_GOES_ON)
    with pytest.raises(SmalltalkSyntaxError):
        grammar_of(make("x", lang="smalltalk", kind="code", meta={"dialect": "gnu"}))(CASCADE_GOES_ON + " e:")


@pytest.mark.parametrize("name", ["unknown", "stx", "None"])
def test_without_a_known_dialect_it_is_pharos(name):
    assert grammar(name)("foo ^ 1").selector == "foo"
    with pytest.raises(SmalltalkSyntaxError):
        grammar(name)("foo ^")
