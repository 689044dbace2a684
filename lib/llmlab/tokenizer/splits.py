"""Where a text is cut before merges are learned or applied: no token reaches across a cut."""

from collections.abc import Callable

import regex

from llmlab.artifacts.errors import LabError

# The patterns of OpenAI's tokenizers as first published; other libraries take them in this form. (tiktoken's present
# spellings cut alike, but for blanks after a line end at the very end of a text with `cl100k`.)
# `gpt2` is GPT-2's, `cl100k` GPT-4's (digits in groups of at most three, line ends with the punctuation before them),
# `o200k` GPT-4o's (also cuts before a capital: `printString` is `print`, `String`).
# In `line` the newline opens the token, as in kind `spm`: a text cut at the end of a line keeps the tokens it had.
SPLITS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "o200k": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "line": r"\n*[^\n]+|\n+",
}
Splitter = Callable[[str], list[str]]


def pattern_of(split: str) -> str:
    """The regular expression of a named split, or `split` itself."""
    return SPLITS.get(split, split)


def splitter(split: str) -> Splitter:
    """A function that cuts a text into pieces; joined they are the text, whatever the pattern leaves out.

    Raises:
        LabError: an unknown name, or a pattern that is no regular expression, has capturing groups, or matches "".
    """
    found = _compiled(split)
    if split in SPLITS:  # they cover every text
        return found.findall

    def pieces(text: str) -> list[str]:
        cut = found.findall(text)
        return cut if sum(map(len, cut)) == len(text) else _with_gaps(found, text)

    return pieces


def _compiled(split: str) -> "regex.Pattern[str]":
    if split not in SPLITS and split.isidentifier():
        raise LabError(f"there is no split {split!r}", f"name one of {', '.join(SPLITS)}, or write a pattern")
    try:
        found = regex.compile(pattern_of(split), regex.VERSION0)
    except regex.error as error:
        raise LabError(
            f"the splitting pattern {split!r} is no regular expression: {error}",
            f"name one of {', '.join(SPLITS)}, or correct the pattern",
        ) from error
    if found.groups:
        raise LabError(f"the splitting pattern {split!r} has capturing groups", "write `(?:…)` in place of `(…)`")
    if found.match("") is not None:
        raise LabError(f"the splitting pattern {split!r} matches the empty text", "write `+` in place of `*`")
    return found


def _with_gaps(found: "regex.Pattern[str]", text: str) -> list[str]:
    pieces: list[str] = []
    end = 0
    for match in found.finditer(text):
        pieces += [part for part in (text[end : match.start()], match[0]) if part]
        end = match.end()
    return pieces + [text[end:]] * (end < len(text))
