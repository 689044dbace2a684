"""The one table of formats: what each is recognised by, and what reads it. A new format is one file and one line."""

import re
from collections.abc import Callable
from typing import NamedTuple

from llmlab.smalltalk.formats import gnu, topaz, visualworks
from llmlab.smalltalk.formats.chunk import read_chunks
from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.lookalikes import is_prose, lookalike
from llmlab.smalltalk.formats.monticello import is_zip, read_mcz
from llmlab.smalltalk.formats.patterns import selector_of
from llmlab.smalltalk.formats.reading import Reading, RefusedError
from llmlab.smalltalk.lexer import syntax_error
from llmlab.smalltalk.parser import Pattern
from llmlab.smalltalk.tonel import TonelError, is_tonel, read_class

_READER = re.compile(
    r"^[ \t]*!\s*+[^\W\d][\w.:]*+(?:\s+(?:class|classTrait|metaclass))?\s+"
    r"(?:(?:public|private)?[mM]ethods(?:For)?\b|commentStamp\b|categoriesFor\w*\b|reorgani[sz]e\b)",
    re.MULTILINE,
)
_DEFINITION = re.compile(r"^[ \t]*[^\W\d][\w.]*+\s+\w*[sS]ubclass:\s*#'?[\w.]+'?[^!\[\]]{0,5000}!", re.MULTILINE)
_OPENING = re.compile(
    r"\A\s*+(?:\"Filed out from |(?:\"[^\"]*+\"\s*+!?\s*+)*+(?:'From |Smalltalk (?:current )?createPackage:|"
    r"\| package \|\s*package :=|"
    r"package := Package name:|!provides:|!classDefinition:))"
)
_PACKAGE = re.compile(r"\s*+(?:\"[^\"]*+(?:\"\"[^\"]*+)*+\"\s*+)*+(Package|Baseline|Project)\s*+\{")
_SCRIPT = re.compile(r"^\s*[\w.]+ (?:at:|show:|new\b|baseline:|class\b)|:=", re.MULTILINE)


class Format(NamedTuple):
    """One format of text files: `recognises` looks at the whole text, `read` raises RefusedError or nothing."""

    name: str
    recognises: Callable[[str], bool]
    read: Callable[[str], Reading]


def _pattern(source: str) -> Pattern:
    """The pattern alone, in any dialect; the rest of the method is for whoever knows which one it is."""
    selector = selector_of(source)
    if selector is None:
        raise syntax_error(source, 0, "a method pattern: a name, an operator or a keyword")
    return Pattern(selector, (), 0)


def _read_tonel(text: str) -> Reading:
    try:
        record, broken = read_class(text, parse=_pattern)
    except TonelError as error:
        raise RefusedError("broken class definition", str(error)) from None
    return Reading(format="tonel", classes=(record,), broken=tuple(broken))


# The first that recognises a text reads it; the surest signs come first.
FORMATS = (
    Format("tonel", is_tonel, _read_tonel),
    Format("visualworks xml", lambda text: visualworks.SIGN.match(text) is not None, visualworks.read_visualworks),
    Format(
        "topaz",
        lambda text: topaz.SIGN.search(text) is not None and topaz.END.search(text) is not None,
        topaz.read_topaz,
    ),
    Format("chunk", lambda text: _OPENING.match(text) is not None or _READER.search(text) is not None, read_chunks),
    Format("gnu", lambda text: gnu.SIGN.search(text) is not None, gnu.read_gnu),
    # A class without methods shows no reader, only its definition and the bang after it.
    Format("chunk", lambda text: _DEFINITION.search(text) is not None, read_chunks),
)


def recognise(text: str, path: str = "") -> Format:
    """The format of a text; `path` only tells documentation, where code is an example, from code.

    Raises:
        RefusedError: none of them; the reason says what the text seems to be.
    """
    if is_prose(path):
        raise RefusedError("not Smalltalk: documentation")
    found = next((each for each in FORMATS if each.recognises(text)), None)
    if found is not None:
        return found
    manifest = _PACKAGE.match(text)
    if manifest:
        raise RefusedError("package without code", f"a {manifest[1]} file of Tonel")
    other = lookalike(text)
    if other:
        raise RefusedError(f"not Smalltalk: {other}")
    if not text.strip():
        raise RefusedError("empty file")
    raise RefusedError("unknown format", "a script without a class" if _SCRIPT.search(text[:5000]) else "")


def read_text(text: str, path: str = "") -> Reading:
    """The classes of one text file, whatever its format.

    Raises:
        RefusedError: no Smalltalk, or a format that holds no class.
    """
    reading = recognise(text, path).read(text)
    if not reading.classes and not reading.broken:
        raise RefusedError(
            "no class or method", ", ".join(f"{count} {what}" for what, count in reading.skipped.items())
        )
    return reading


def read_bytes(data: bytes, path: str = "") -> Reading:
    """The classes of one file: a text of any encoding, or a Monticello package.

    Raises:
        RefusedError: see `read_text`; also binary data.
    """
    return read_mcz(data) if is_zip(data) else read_text(decode_source(data), path)
