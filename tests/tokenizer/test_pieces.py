from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.pieces import holds_stop, pieces, until
from llmlab.tokenizer.table import train_tokenizer

TEXT = "The sea — 海 🌊 — was there; don't   ask. ünïcödé\n\n^ balance + 1 !"
FEW = st.text(alphabet="ab海", max_size=12)


@given(st.text(), st.lists(st.integers(0, 40), max_size=20))
def test_pieces_are_the_text_and_never_split_a_character(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", "replace")
    borders = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    found = list(pieces(data[a:b] for a, b in pairwise(borders)))
    assert "".join(found) == data.decode()
    assert all(piece and "\ufffd" not in piece for piece in found if "\ufffd" not in text)


@given(st.lists(st.binary(max_size=5)))
def test_pieces_of_any_bytes_are_what_decoding_at_once_gives(parts: list[bytes]) -> None:
    assert "".join(pieces(parts)) == b"".join(parts).decode("utf-8", "replace")


@pytest.mark.parametrize("kind", ["spm", "bpe", "wordpiece", "byte"])
def test_tokens_of_every_kind_come_out_as_whole_characters(kind: str, prose: list[str]) -> None:
    """Characters that the tokenizer never saw are spelt in bytes, one token each."""
    config = TokenizerConfig(kind=kind, vocab_size=700)  # type: ignore[arg-type]
    tokenizer = train_tokenizer(prose, config, ["english"])
    parts = [tokenizer.token_bytes(token) for token in tokenizer.encode(TEXT)]
    found = list(pieces(parts))
    assert "".join(found) == TEXT
    assert not any("\ufffd" in piece for piece in found)
    assert len(parts) > len(found)
    for stop in ("海", "🌊 —", "^ bal"):
        assert "".join(until(pieces(parts), [stop])) == TEXT.partition(stop)[0]


def cut_at_stop(text: str, stops: list[str]) -> str:
    """The definition, a character at a time: the first end of a stop string, and the longest that ends there."""
    for end in range(len(text) + 1):
        sizes = [len(stop) for stop in stops if text[:end].endswith(stop)]
        if sizes:
            return text[: end - max(sizes)]
    return text


@given(st.lists(FEW), st.lists(FEW.filter(bool), max_size=3))
def test_stop_strings_end_it_however_the_text_is_cut(parts: list[str], stops: list[str]) -> None:
    assert "".join(until(parts, stops)) == cut_at_stop("".join(parts), stops)


@given(st.lists(FEW), st.lists(FEW.filter(bool), min_size=1, max_size=3), FEW)
def test_nothing_is_shown_that_a_stop_string_takes_back(parts: list[str], stops: list[str], more: str) -> None:
    """However the text goes on, all that was shown so far is a beginning of what it comes to."""
    before = "".join(until_asked(parts, stops))
    assert cut_at_stop("".join([*parts, more]), stops).startswith(before)


def until_asked(parts: list[str], stops: list[str]) -> list[str]:
    """What `until` has handed over when it asks for the part after the last of these."""
    shown: list[str] = []
    counts: list[int] = []

    def told():  # type: ignore[no-untyped-def]
        yield from parts
        counts.append(len(shown))

    for piece in until(told(), stops):
        shown.append(piece)
    return shown[: counts[0]] if counts else shown


def test_an_end_that_might_be_a_stop_is_held_back_until_it_is_not() -> None:
    assert list(until(["one\n", "Us", "e", "r", ": two"], ["\nUser:"])) == ["one"]
    assert list(until(["one\n", "Us", "e", " it"], ["\nUser:"])) == ["one", "\nUse it"]
    assert list(until(["one\n", "User"], ["\nUser:"])) == ["one", "\nUser"]


def test_no_part_is_asked_for_after_a_stop() -> None:
    asked = []

    def parts():  # type: ignore[no-untyped-def]
        for part in ("a", "bST", "OPc", "d"):
            asked.append(part)
            yield part

    assert "".join(until(parts(), ["STOP"])) == "ab"
    assert asked == ["a", "bST", "OPc"]


def test_without_stop_strings_parts_pass_through() -> None:
    assert list(until(["a", "", "bc"], [])) == ["a", "bc"]


@pytest.mark.parametrize(
    ("text", "stops", "left"),
    [("a\nb", ["\n"], "a"), ("ab", ["\n"], "ab"), ("a;b\nc", ["\n", ";"], "a"), ("\n", ["\n"], ""), ("ab", [], "ab")],
)
def test_a_text_ends_before_the_first_stop(text, stops, left):
    assert "".join(until([text], stops)) == left


def test_a_row_is_asked_after_each_token_whether_it_holds_a_stop(tokenizer):
    ids = tokenizer.encode("河水很清。\nUser: one")
    asked = holds_stop(tokenizer, ["\nUser:", "never"])
    told = [asked(0, ids[: place + 1]) for place in range(len(ids))]
    first = told.index(True)
    assert "\nUser:" in tokenizer.decode(ids[: first + 1])
    assert "\nUser:" not in tokenizer.decode(ids[:first])
    assert not any(holds_stop(tokenizer, [])(0, ids[: place + 1]) for place in range(len(ids)))
