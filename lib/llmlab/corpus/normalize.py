"""Text to its one normal form: Unicode, line ends, blanks, and what publishers put around a text."""

import re
import unicodedata

import ftfy

# Line ends of every kind; form feed and vertical tab end a line too.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, soft hyphens, zero-width marks and the bidirectional overrides that can make code read other than it runs.
# Kept: the zero-width joiners (U+200C, U+200D), which Indic scripts and emoji need.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)
_GAPS = re.compile(r"\n{4,}")

_GUTENBERG_START = re.compile(r"^\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)[^\n]*$", re.M | re.I)
_GUTENBERG_END = re.compile(r"^(?:\*{3} ?)?END OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)[^\n]*$", re.M | re.I)
# At the start of a line only: a text may well speak of licences without being one.
_LICENCE = re.compile(
    r"^[\W_]*(?:copyright (?:\(c\)|©|\d{4})|©\s*\d{4}|all rights reserved|spdx-license-identifier|"
    r"(?:this (?:file|software|work|program) is )?licensed under|permission is hereby granted|"
    r"the above copyright notice|the software is provided|redistributions? (?:of|in) |"
    r"(?:the )?(?:apache|mit|bsd|gnu (?:lesser )?general public) licen[cs]e$)",
    re.IGNORECASE | re.MULTILINE,
)
_LEADING_COMMENT = re.compile(r'\s*"((?:[^"]|"")*)"\s*')


def normalize_text(text: str) -> str:
    """The normal form: NFC, LF, no control or zero-width junk, no trailing blanks, at most two blank lines in a row.

    Blank lines around the text go too; its first line keeps its indentation. Normalising twice changes nothing more.
    """
    return _GAPS.sub("\n\n\n", _TRAILING.sub("", normalize_characters(text))).strip("\n")


def normalize_characters(text: str) -> str:
    """The part of `normalize_text` that leaves blanks alone, for code that is rendered anew: strings keep theirs."""
    return unicodedata.normalize("NFC", _JUNK.sub("", _LINE_ENDS.sub("\n", text)))


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 that was once read as another encoding. Not for code, where such a sequence may be meant."""
    return ftfy.fix_encoding(text)


def strip_boilerplate(text: str, kind: str) -> str:
    """Remove what is not the work itself: Project Gutenberg's frame, and licence banners at the start.

    In code the banner is looked for in the leading comment, paragraph by paragraph, so that a class comment below a
    copyright line survives. Takes and gives normalised text.
    """
    if kind == "code":
        return _strip_comment_banner(text)
    return _strip_leading_banner(_strip_gutenberg(text))


def _strip_gutenberg(text: str) -> str:
    if start := _GUTENBERG_START.search(text):
        text = text[start.end() :]
    if end := _GUTENBERG_END.search(text):
        text = text[: end.start()]
    return text.strip("\n")


def _strip_leading_banner(text: str) -> str:
    paragraphs = text.split("\n\n")
    first = 0
    while first < len(paragraphs) and _LICENCE.match(paragraphs[first]):
        first += 1
    return "\n\n".join(paragraphs[first:]).strip("\n") if first else text


def strip_banner(comment: str) -> str:
    """A comment without its paragraphs about licence and copyright; one that has none comes back as it is."""
    if not _LICENCE.search(comment):
        return comment
    return "\n\n".join(each for each in comment.split("\n\n") if not _LICENCE.search(each)).strip()


def _strip_comment_banner(text: str) -> str:
    comment = _LEADING_COMMENT.match(text)
    if not comment or not _LICENCE.search(comment[1]):
        return text
    body = strip_banner(comment[1])
    rest = text[comment.end() :]
    return f'"\n{body}\n"\n{rest}' if body else rest
