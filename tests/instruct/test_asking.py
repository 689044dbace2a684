from llmlab.instruct.asking import FIND_SEND, FINISH, GAP
from llmlab.tokenizer.special import COMPLETE, HOLE, MIDDLE, PREFIX, SEND, SUFFIX

from .turns import asker


def test_a_question_opens_with_its_token_or_with_its_words() -> None:
    assert asker(0.0).ask(FINISH, "A >> b [") == [{"token": COMPLETE}, "A >> b ["]
    assert asker(1.0).ask(FINISH, "A >> b [") == f"{FINISH.words}\n\nA >> b ["


def test_a_hole_stands_between_one_text_and_the_next() -> None:
    hole = {"token": HOLE}
    assert asker(0.0).ask(FIND_SEND, "a ", " b ", " c") == [{"token": SEND}, "a ", hole, " b ", hole, " c"]
    words = asker(1.0).ask(FIND_SEND, "a ", " b ", " c")
    assert isinstance(words, str)
    assert words.endswith(f"\n\na {GAP} b {GAP} c")


def test_what_is_between_two_texts_is_asked_in_the_order_prefix_suffix_middle() -> None:
    parts = asker(0.0).ask_between("a", "c")
    assert parts == [{"token": PREFIX}, "a", {"token": SUFFIX}, "c", {"token": MIDDLE}]
    assert str(asker(1.0).ask_between("a", "c")).endswith(f"\n\na{GAP}c")


def test_the_share_asked_in_words_is_as_told() -> None:
    quarter = asker(0.25)
    worded = sum(isinstance(quarter.ask(FINISH, "x"), str) for _ in range(2000))
    assert 400 < worded < 600
