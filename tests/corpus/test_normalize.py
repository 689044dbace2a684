import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.corpus.normalize import normalize_characters, normalize_text, repair_mojibake, strip_boilerplate

hard = st.text(
    st.sampled_from("\r\n\t \ufeff\u200b\u3000\u0301e\u00e9\x00\x85\u2028\x0c\x1fa\u00ad\u202e한ᄒ"), max_size=30
)


@given(st.one_of(hard, st.text(max_size=60)))
def test_normal_form_is_reached_in_one_step(text: str) -> None:
    once = normalize_text(text)
    assert normalize_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\n\n\n\n" not in once
    assert not any(line != line.rstrip() for line in once.split("\n"))
    assert not set(once) & set("\r\ufeff\u200b\x00\x85\u2028\x0c\u202e\u00ad")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("\ufeffa\r\nb\rc", "a\nb\nc"),
        ("a \t\n\u3000\nb\u00a0\n", "a\n\nb"),
        ("a\n\n\n\n\n\nb", "a\n\n\nb"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("e\u0301", "é"),
        ("a\x00\x07b\x7fc\x9f", "abc"),
        ("zero\u200bwidth\u2060", "zerowidth"),
        ("\n\n  indented\n", "  indented"),
        ("tab\tstays", "tab\tstays"),
        ("page\x0cbreak", "page\nbreak"),
        ("👩\u200d🔬 क्\u200dष", "👩\u200d🔬 क्\u200dष"),
        ("if (a) \u202e{ evil }\u202c", "if (a) { evil }"),
        ("\u3000\u3000段落", "\u3000\u3000段落"),
    ],
)
def test_examples(text: str, normal: str) -> None:
    assert normalize_text(text) == normal


def test_characters_alone_leave_blanks() -> None:
    assert normalize_characters("\ufeff'a  \r\n\n\n\n\n b' \r") == "'a  \n\n\n\n\n b' \n"


def test_mojibake_is_repaired_and_good_text_is_left() -> None:
    broken = "She said â€œhelloâ€\x9d to the cafÃ© owner."
    assert repair_mojibake(broken) == "She said “hello” to the café owner."
    for fine in ("Ünïcödé “quotes” — fine", "床前明月光，疑是地上霜。", "x := 3 + 4."):
        assert repair_mojibake(fine) == fine


GUTENBERG = """The Project Gutenberg EBook of X

*** START OF THIS PROJECT GUTENBERG EBOOK X ***

Chapter 1. It was.

*** END OF THIS PROJECT GUTENBERG EBOOK X ***

Small print."""


def test_gutenbergs_frame_goes() -> None:
    assert strip_boilerplate(GUTENBERG, "prose") == "Chapter 1. It was."
    old = "End of Project Gutenberg is a phrase.\n\nEND OF THE PROJECT GUTENBERG EBOOK X\n\nx"
    assert strip_boilerplate(old, "prose") == "End of Project Gutenberg is a phrase."


def test_licence_banners_go_from_the_start_of_a_text_only() -> None:
    banner = "Copyright (c) 2020 Somebody\n\nPermission is hereby granted, free of charge, …\n\nThe story begins."
    assert strip_boilerplate(banner, "prose") == "The story begins."
    later = "The story begins.\n\nCopyright (c) 2020 Somebody"
    assert strip_boilerplate(later, "prose") == later


@pytest.mark.parametrize(
    "text",
    [
        "The ALAC codec was put under the Apache License in 2011.",
        "An essay on copyright (c) and its uses",
        "维护 Vue 的人\n© 是版权符号，MIT license 是许可。",
    ],
)
def test_a_text_about_licences_stays(text: str) -> None:
    assert strip_boilerplate(text, "prose") == text


def test_banners_in_code_go_and_the_class_comment_stays() -> None:
    code = '"\nCopyright (c) 1999 A. U. Thor\nAll rights reserved.\n\nI count things.\n"\nClass {}'
    assert strip_boilerplate(code, "code") == '"\nI count things.\n"\nClass {}'
    only = '"=====\n|  Copyright (C) 1999\n====="\nClass {}'
    assert strip_boilerplate(only, "code") == "Class {}"
    plain = '"I lend books; see the Copyright shelf."\nClass {}'
    assert strip_boilerplate(plain, "code") == plain
