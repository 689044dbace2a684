"""Chunk files: text between bangs, as Squeak, Pharo, Cuis, Dolphin, Amber, st80, ST/X, VAST and old GNU write them.

A chunk that starts right after a bang is a reader, which says what the following chunks are; any other is an
expression. A bang inside a chunk is doubled, in strings and comments too, but in GNU's old files, whose reader knows
strings and wants no doubling.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from llmlab.smalltalk.formats.definitions import take_definitions, text_of
from llmlab.smalltalk.formats.reading import Gathering, Reading
from llmlab.smalltalk.formats.signs import chunk_dialect, is_gnu_bang
from llmlab.smalltalk.lexer import scan
from llmlab.smalltalk.records import Side

_DOUBLED = re.compile(r"[^!]*+(?:!![^!]*+)*+")
_AWARE = re.compile(r"""(?:[^!'"$]|'[^']*+'|"[^"]*+"|\$[\s\S])*+""")
_BLANKS = re.compile(r"\s*+")
_OWNER = r"([^\W\d][\w.:]*?)(?:\s+(class|classTrait|classSide|metaclass))?"
_METHODS = re.compile(rf"\s*{_OWNER}\s+((?:public|private)?[mM]ethods(?:For)?)\b\s*(:?.*)", re.DOTALL)
_AFTERWARDS = re.compile(
    rf"\s*{_OWNER}\s+(commentStamp|reorgani[sz]e|categoriesForMethods|categoriesFor|categoriesForClass)\b:?\s*(.*)",
    re.DOTALL,
)
_FILED = re.compile(rf"\s*{_OWNER}\s+categoriesFor:\s*(#'[^']*'|#[^\s()]+)\s+are:\s*#\((.*)\)\s*", re.DOTALL)
_MARKERS = re.compile(r"\s*(?:classDefinition|methodRemoval|classRemoval|description|provides|requires|classRename)\b")
_PROVIDES = re.compile(r"\s*provides:\s*'((?:[^']|'')*)'")
_PACKAGE = re.compile(
    r"package\s*:=\s*Package\s+name:\s*'([^']*)'|createPackage:\s*'([^']*)'|\{\s*Package:\s*'([^']*)'\s*\}"
)
_STYLE = "]style["
_VISIBILITIES = frozenset({"public", "private"})


def read_chunks(text: str) -> Reading:
    """The classes of a chunk file; never raises."""
    dialect = chunk_dialect(text)
    gnu = is_gnu_bang(text, dialect)
    reader = _ChunkReader(text, aware=gnu)
    reader.run()
    if gnu:
        return reader.gathering.reading("gnu bang", "gnu", reader.package)
    return reader.gathering.reading("chunk", dialect, reader.package)


class _ChunkReader:
    """One pass over one file; `position` is where the next chunk starts."""

    def __init__(self, text: str, aware: bool) -> None:
        self.text = text
        self.position = 0
        self.gathering = Gathering()
        self.package = ""
        self._pattern = _AWARE if aware else _DOUBLED
        self._aware = aware
        self._actions: dict[str, Callable[[str, Side, str], None]] = {
            "commentStamp": self._comment,
            "reorganize": self._one_chunk,
            "reorganise": self._one_chunk,
            "categoriesForMethods": self._protocols,
            "categoriesFor": self._protocols_of_one,
            "categoriesForClass": self._categories,
        }

    def run(self) -> None:
        """Read the whole file."""
        while self._skip_blanks():
            if self.text[self.position] == "!":
                self.position += 1
                # `! !` is an empty chunk, of which only the first bang is used up.
                if self._skip_blanks() and self.text[self.position] != "!":
                    self._reader(self._chunk())
                continue
            chunk = self._chunk()
            # Exporters that end a list of methods with one bang too few leave the next reader without its own.
            if _METHODS.fullmatch(chunk) and "\n" not in chunk.strip():
                self._reader(chunk)
            else:
                self._expression(chunk)

    def _skip_blanks(self) -> bool:
        """Go on to the next character that is not blank; False at the end of the text."""
        match = _BLANKS.match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        return self.position < len(self.text)

    def _chunk(self) -> str:
        """The text up to the next single bang, which is used up; to the end where there is none."""
        start = self.position
        match = self._pattern.match(self.text, start)
        assert match is not None
        end = match.end()
        if self._aware and end < len(self.text) and self.text[end] != "!":
            # A quote that never closes: read on as everybody else does.
            end = self.text.find("!", end)
            end = len(self.text) if end < 0 else end
        self.position = end + 1
        chunk = self.text[start:end]
        return chunk if self._aware else chunk.replace("!!", "!")

    # -- readers

    def _reader(self, chunk: str) -> None:
        methods = _METHODS.fullmatch(chunk)
        if methods:
            kind, rest = methods[3], methods[4]
            protocol, stamp = _arguments(rest)
            if not protocol and kind.endswith("Methods"):
                protocol = kind.removesuffix("Methods")
            self._methods(_class_name(methods[1]), "class" if methods[2] else "instance", protocol, stamp)
            return
        other = _AFTERWARDS.fullmatch(chunk)
        if other:
            self._actions[other[3]](_class_name(other[1]), "class" if other[2] else "instance", other[4])
            return
        provides = _PROVIDES.match(chunk)
        if provides:
            self.package = self.package or provides[1]
        if not _MARKERS.match(chunk):
            self._expression(chunk)

    def _methods(self, name: str, side: Side, protocol: str, stamp: str) -> None:
        while self._skip_blanks():
            if self.text[self.position] == "!":
                self.position += 1
                return
            chunk = self._chunk()
            if not chunk.startswith(_STYLE):
                self.gathering.add(name, side, protocol, chunk, stamp)
        self.gathering.skipped["list of methods without an end"] += 1

    def _comment(self, name: str, side: Side, _: str) -> None:
        comment = self._chunk().strip() if self._skip_blanks() else ""
        if comment and side == "instance" and not comment.startswith(_STYLE):
            self.gathering.change(name, comment=comment)

    def _one_chunk(self, *_: str) -> None:
        if self._skip_blanks() and self.text[self.position] != "!":
            self._chunk()

    def _words(self) -> list[str]:
        """The chunks up to an empty one."""
        words: list[str] = []
        while self._skip_blanks():
            if self.text[self.position] == "!":
                self.position += 1
                break
            words.append(self._chunk().strip())
        return words

    def _protocols(self, name: str, side: Side, _: str) -> None:
        while self._skip_blanks():
            if self.text[self.position] == "!":
                self.position += 1
                return
            selector = self._chunk().strip()
            self.gathering.file_under(name, side, selector, _best_protocol(self._words()))

    def _protocols_of_one(self, name: str, side: Side, rest: str) -> None:
        selector = text_of(list(scan(rest))[:1])
        self.gathering.file_under(name, side, selector, _best_protocol(self._words()))

    def _categories(self, name: str, _: Side, __: str) -> None:
        words = self._words()
        record = self.gathering.known(name)
        if words and record is not None and not record.category:
            self.gathering.change(name, category=words[0])

    # -- expressions

    def _file(self, name: str, side: Side, selector: str, categories: str) -> None:
        """VAST says the protocols in an expression of its own, for each method."""
        words = [text_of([each]) for each in scan(categories)]
        self.gathering.file_under(name, side, text_of(list(scan(selector))[:1]), _best_protocol(words))

    def _expression(self, chunk: str) -> None:
        chunk = chunk.strip()
        package = _PACKAGE.search(chunk, 0, 2000)
        if package:
            self.package = self.package or next(each for each in package.groups() if each is not None)
        if not chunk or chunk.startswith(_STYLE) or _says_nothing(chunk):
            return
        filed = _FILED.fullmatch(chunk)
        if filed:
            self._file(_class_name(filed[1]), "class" if filed[2] else "instance", filed[3], filed[4])
        elif not take_definitions(chunk, self.gathering):
            self.gathering.skipped["do-it"] += 1


def _class_name(text: str) -> str:
    return text.rstrip(".:")


def _arguments(rest: str) -> tuple[str, str]:
    """Protocol and stamp of `: 'protocol' stamp: 's' prior: 0`."""
    tokens = [each for each in scan(rest[:2000]) if each.kind != "comment"]
    protocol = stamp = ""
    for before, token in pairwise(tokens):
        if before.text == ":" and not protocol:
            protocol = text_of([token])
        elif before.text == "stamp:":
            stamp = text_of([token])
    return protocol, stamp


def _best_protocol(words: list[str]) -> str:
    """Dolphin files a method under several; whether it is private is not what it is about."""
    return next((each for each in words if each not in _VISIBILITIES), words[0] if words else "")


def _says_nothing(chunk: str) -> bool:
    """Whether a chunk is only comments, or the one string that says which system wrote the file."""
    tokens = (each for each in scan(chunk) if each.kind != "comment")
    first = next(tokens, None)
    return first is None or (first.kind == "string" and next(tokens, None) is None)
