import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmlab.smalltalk.mutate import break_method
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.domain import FEWEST, MARKS, Domain, DomainTokenizer
from llmlab.tokenizer.ranks import RankModel
from llmlab.tokenizer.smalltalk import SmalltalkDomain, linked_selectors
from llmlab.tokenizer.table import train_tokenizer

DOMAIN = SmalltalkDomain()
CODE = """Class {
	#name : #Account,
	#superclass : #Object
}

{ #category : #moving }
Account >> deposit: amount [
	"Put money in. It's checked first."
	amount > 0 ifFalse: [ ^ self error: 'nothing to deposit' ].

	entries do: [ :each | each at: #sum put: balance + amount ].
	^ self perform: #at:put: withArguments: #( $  2r101 1.5e-3 )
]

{ #category : #accessing }
"""  # fmt: skip
PIECES = st.sampled_from(
    [*"\n\t '\"#$[]:|.;^", "at:", "put:", "'it''s'", '"so\n\nit is"', "#'a b'", "$\n", "self", "\v", "é"]
)


@pytest.fixture(scope="module")
def trained():
    texts = [path.read_text("utf-8") for path in sorted(Path("data/bundled/smalltalk").glob("*/*.class.st"))[:40]]
    config = TokenizerConfig(kind="smalltalk", vocab_size=1500, superwords=0.5, max_piece_length=40)
    return train_tokenizer(texts, config, ["smalltalk"])


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
@example(CODE)
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert trained.decode(trained.encode(text)) == text


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
@example(CODE)
@settings(max_examples=100, deadline=None)
def test_the_pieces_are_the_text_and_the_runs_are_those_of_the_pieces(text):
    pieces = [piece for piece, _ in DOMAIN.segments(text)]
    assert "".join(pieces) == text
    assert all(pieces)
    assert [run for run, _ in DOMAIN.runs(text)] == [run for run, _ in Domain.runs(DOMAIN, text)]


@pytest.mark.parametrize("seed", range(12))
def test_broken_code_comes_back_exactly(trained, seed):
    method = CODE[CODE.index("deposit:") : CODE.index("]\n\n{")].replace("amount [", "amount", 1)
    broken, _ = break_method(method, random.Random(seed))
    assert trained.decode(trained.encode(broken)) == broken


def test_what_the_pieces_are():
    found = list(DOMAIN.segments(CODE))
    start = found.index(("Account", "name"), found.index((" #moving", "symbol")))
    assert found[start : start + 5] == [
        ("Account", "name"), (" >>", "binary"), (" deposit:", "keyword"), (" amount", "name"), (" [", "punctuation"),
    ]  # fmt: skip
    for piece in [
        ("\n\t", "line"), ("\n\n\t", "line"), (" #at:put:", "symbol"), ("^", "caret"), (" money", "text"),
        (" $ ", "character"), (" ]", "punctuation"),
    ]:  # fmt: skip
        assert piece in found


def test_an_open_string_is_no_string():
    assert list(DOMAIN.segments("x := 'it''s")) == [
        ("x", "name"), (" :=", "assign"), (" '", "text"), ("it", "name"), ("''", "text"), ("s", "name"),
    ]  # fmt: skip


def test_a_blank_line_begins_a_run_unless_a_method_ends_there():
    assert [run for run, _ in DOMAIN.runs("a\n\nb\n\n\tc ]\n\nd\n \ne")] == ["a", "\n\nb\n\n\tc ]\n\nd", "\n \ne"]


def test_the_name_of_the_class_is_told_once_and_the_selector_begins_a_run():
    text = CODE + "Account class >> new [ ]\n\nOther >> new [ ]\n\nOther >> at [ ]\n\nAccount >> x [ ]\n"
    written = DOMAIN.rewrite(text)
    names = [line.split(" >>")[0] for line in written.splitlines() if " >> " in line]
    assert names == [MARKS[0], f"{MARKS[0]} class", "Other", MARKS[0], "Account"]
    assert DOMAIN.restore(written) == text
    assert [run[:3] for run, _ in DOMAIN.runs(written)][1:3] == ["dep", "new"]


def test_the_class_of_a_rendered_document_stands_in_its_first_line():
    text = "Class { #name : #Account, #superclass : #Object }\n\nAccount >> x [ ]\n"
    written = DOMAIN.rewrite(text)
    assert written == text.replace("\nAccount", f"\n{MARKS[0]}")
    assert DOMAIN.restore(written) == text


@given(
    st.lists(
        st.sampled_from(
            ["\t#name : #A,", "Class { #name : #B }", "\t#name : 'B',", "A >> x", "B >> x", "B class >> y", "A", ""]
        )
    )
)
def test_rewriting_can_be_undone(lines):
    text = "\n".join(lines)
    assert DOMAIN.restore(DOMAIN.rewrite(text)) == text


def test_a_mark_without_a_class_is_replaced_when_decoded(trained):
    assert DOMAIN.restore(f"{MARKS[0]} >> x") == f"{MARKS[0]} >> x"
    mark = next(token for token in range(trained.vocab_size) if trained.token_bytes(token) == b"\xc0")
    assert trained.decode([mark, *trained.encode(" >> x")]) == "\ufffd >> x"


def test_tokens_hold_several_words_and_line_starts(trained):
    tokens = [trained.token_bytes(token) for token in range(trained.vocab_size)]
    assert sum(b" " in token.strip() for token in tokens) > 50
    assert any(b".\n\t" in token for token in tokens)
    assert any(token.startswith(b"\n\t") and token.strip() for token in tokens)
    assert any(b"]\n\n{ #category" in token for token in tokens)
    assert any(token.endswith(b" }\n\xc0 >> ") for token in tokens)


def test_selectors_are_linked_to_their_parts():
    tokens = (*(bytes([byte]) for byte in range(256)), b"at:", b" put:", b" #at:put:", b"at:put:", b" at: x put:")
    model = RankModel(split="smalltalk", tokens=tokens, special=("<|eos|>",), spelling=FEWEST)
    made = DomainTokenizer(DOMAIN, model.to_bytes())
    assert linked_selectors(made) == {258: [256, 257], 259: [256, 257]}


def test_known_code_takes_fewer_tokens_than_with_plain_merges(trained):
    path = sorted(Path("data/bundled/smalltalk").glob("*/*.class.st"))[60]
    texts = [each.read_text("utf-8") for each in sorted(Path("data/bundled/smalltalk").glob("*/*.class.st"))[:40]]
    plain = train_tokenizer(texts, TokenizerConfig(kind="bpe", vocab_size=1500), ["smalltalk"])
    text = path.read_text("utf-8")
    assert len(trained.encode(text)) < 0.85 * len(plain.encode(text))
