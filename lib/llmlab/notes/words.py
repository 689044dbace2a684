"""The person's own words: blocks between marker comments, which a rewritten note keeps."""

import re
from collections.abc import Mapping

from llmlab.artifacts.errors import LabError

BLANKS = {
    "What I tried": "Which question did this week's runs answer? Name the commits.",
    "What surprised me": "A number, a sample, a curve that was not as expected.",
    "What failed": "Failures are results. What was the idea, and how do you know it does not work?",
    "Next week": "One thing to change, and what you expect it to do to which number.",
}
_OPEN = "<!-- yours: {} -->"
_CLOSE = "<!-- /yours -->"
_MARK = re.compile(r"^<!-- (?:yours: (?P<name>.+)|(?P<end>/yours)) -->[ \t]*$", re.MULTILINE)


def words_in(note: str) -> dict[str, str]:
    """What a person wrote, by heading; a block that still holds only its hint is left out.

    Raises:
        LabError: a marker is missing its partner, so it is not sure which words are the person's.
    """
    words: dict[str, str] = {}
    name, start = None, 0
    for mark in _MARK.finditer(note):
        if (name is None) == (mark["name"] is None):
            raise LabError(
                f"the markers of the note do not pair near `{mark[0]}`",
                f"give every `{_OPEN.format('…')}` its `{_CLOSE}` on a line of its own; nothing was changed",
            )
        if name is not None:
            words[name] = note[start : mark.start()].strip("\n")
        name, start = mark["name"], mark.end()
    if name is not None:
        raise LabError(f"the block `{name}` of the note has no end", f"add a line `{_CLOSE}`; nothing was changed")
    return {name: text for name, text in words.items() if text.strip() and text.strip() != _hint(name)}


def blank_sections(words: Mapping[str, str]) -> str:
    """The sections for the person, with earlier words in their places; headings of the person's own come last."""
    names = [*BLANKS, *(name for name in words if name not in BLANKS)]
    return "\n\n".join(
        f"## {name}\n\n{_OPEN.format(name)}\n\n{words.get(name) or _hint(name)}\n\n{_CLOSE}" for name in names
    )


def _hint(name: str) -> str:
    return f"_{BLANKS[name]}_" if name in BLANKS else ""
