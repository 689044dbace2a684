"""GNU Smalltalk 3: class bodies in brackets, `Object subclass: Counter [ ... ]`."""

import re

from llmlab.smalltalk.formats.definitions import take_definitions
from llmlab.smalltalk.formats.reading import Gathering, Reading
from llmlab.smalltalk.lexer import closing_bracket, unquoted
from llmlab.smalltalk.records import ClassRecord, Side
from llmlab.smalltalk.ston import skip_blanks
from llmlab.smalltalk.tonel import BrokenMethod

_PATH = r"[^\W\d][\w.]*+"
_SUBCLASS = re.compile(rf"({_PATH})\s+(?:\w*[sS]ubclass:)\s*#?({_PATH})\s*\[")
_EXTEND = re.compile(rf"({_PATH})(\s+class)?\s+extend\s*\[")
_CLASS_SIDE = re.compile(rf"({_PATH})\s+class\s*\[")
_NAMESPACE = re.compile(rf"Namespace\s+current:\s*{_PATH}\s*\[")
_EVAL = re.compile(r"Eval\s*\[")
_OWNER = re.compile(rf"({_PATH})(\s+class)?\s*>>\s*")
_NAME = r"[^\W\d]\w*+"
_GAP = r"""(?:\s++|"[^"]*+")*+"""
# The operator is lazy about nothing: `|` alone would open the instance variables, which are looked for first.
_PATTERN = re.compile(
    rf"(?:(?:{_NAME}:{_GAP}{_NAME}{_GAP})++|[-+*/\\~<>=@%&?,|]++{_GAP}{_NAME}{_GAP}|{_NAME}{_GAP}(?![:>]))\["
)
_VARIABLES = re.compile(r"\|([^|\[\]']*+)\|")
_PRAGMA = re.compile(rf"<\s*({_NAME}:)\s*((?:'[^']*+(?:''[^']*+)*+'|[^<>'])*+)>")
_ASSIGNMENT = re.compile(rf"({_NAME})\s*:=")
_PIECE = re.compile(r"""'[^']*+'|"[^"]*+"|\$[\s\S]|[\[\](){}!]|\.(?![^\W\d])""")
_CATEGORY = re.compile(r""""[^"]*+"|\$[\s\S]|(<category:\s*'((?:[^']|'')*+)'\s*>)|'[^']*+'""")
MAX_DEPTH = 30
# Class definitions written as messages, in files that otherwise use brackets.
_MESSAGE = re.compile(r"\b\w*[sS]ubclass:|\bcomment:|\binstanceVariableNames:")

SIGN = re.compile(
    rf"^[ \t]*(?:{_PATH}\s+\w*[sS]ubclass:\s*#?{_PATH}\s*\[|{_PATH}(?:\s+class)?\s+extend\s*\[|"
    rf"Namespace\s+current:\s*{_PATH}\s*\[|{_PATH}(?:\s+class)?\s*>>\s*{_NAME}[^.!\n\[]*\[)",
    re.MULTILINE,
)


def read_gnu(text: str) -> Reading:
    """The classes of a GNU 3 file; never raises."""
    reader = _BodyReader(text)
    reader.top(0, 0)
    return reader.gathering.reading("gnu", "gnu")


class _BodyReader:
    """One pass over one file; every method takes a position and returns where to read on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.gathering = Gathering()

    def top(self, position: int, depth: int) -> int:
        """Statements and class bodies, to the end of the text or to the `]` of a namespace."""
        text = self.text
        while (position := skip_blanks(text, position)) < len(text):
            if text[position] == "]" and depth:
                return position + 1
            if match := _NAMESPACE.match(text, position):
                if depth > MAX_DEPTH:
                    return len(text)
                position = self.top(match.end(), depth + 1)
            elif match := _EVAL.match(text, position):
                self.gathering.skipped["do-it"] += 1
                position = closing_bracket(text, match.end()) or len(text)
            elif match := _EXTEND.match(text, position):
                position = self._body(match.end(), match[1], "class" if match[2] else "instance")
            elif match := _SUBCLASS.match(text, position):
                superclass = "" if match[1] == "nil" else match[1]
                self.gathering.define(ClassRecord(match[2], superclass))
                position = self._body(match.end(), match[2], "instance")
            elif match := _CLASS_SIDE.match(text, position):
                position = self._body(match.end(), match[1], "class")
            else:
                position = self._loose(position)
        return position

    def _loose(self, position: int) -> int:
        """A method outside all bodies, or a statement."""
        stop = self._method(position, "", "instance")
        if stop is not None:
            return stop
        stop = self._statement_end(position)
        statement = self.text[position:stop].rstrip(".! \t\n")
        if not statement:
            return max(stop, position + 1)
        if not (_MESSAGE.search(statement) and take_definitions(statement, self.gathering)):
            self.gathering.skipped["do-it"] += 1
        return max(stop, position + 1)

    def _statement_end(self, position: int) -> int:
        """Just past the period or bang that ends a statement; at a `]` that closes what is around it."""
        depth = 0
        for match in _PIECE.finditer(self.text, position):
            mark = match[0]
            if mark in "([{":
                depth += 1
            elif mark in ")]}":
                if depth == 0:
                    return match.start()
                depth -= 1
            elif mark == "!" or (mark == "." and depth == 0):
                return match.end()
        return len(self.text)

    # -- class bodies

    def _body(self, position: int, name: str, side: Side) -> int:
        """What stands between the brackets of a class; `side` is whose methods and variables they are."""
        text = self.text
        while (position := skip_blanks(text, position)) < len(text):
            if text[position] == "]":
                return position + 1
            position = self._item(position, name, side)
        self.gathering.skipped["class body without an end"] += 1
        return position

    def _item(self, position: int, name: str, side: Side) -> int:
        text = self.text
        if match := _VARIABLES.match(text, position):
            self._variables(name, side, tuple(re.sub(r'"[^"]*"', " ", match[1]).split()))
            return match.end()
        if match := _PRAGMA.match(text, position):
            self._pragma(name, side, match[1], match[2].strip())
            return match.end()
        if side == "instance" and (match := _CLASS_SIDE.match(text, position)):
            return self._body(match.end(), match[1], "class")
        stop = self._method(position, name, side)
        if stop is not None:
            return stop
        if match := _ASSIGNMENT.match(text, position):
            record = self._record(name)
            self.gathering.change(name, class_variables=(*record.class_variables, match[1]))
        else:
            self.gathering.skipped["statement in a class body"] += 1
        return max(self._statement_end(position), position + 1)

    def _variables(self, name: str, side: Side, names: tuple[str, ...]) -> None:
        record = self._record(name)
        if side == "class":
            self.gathering.change(name, class_instance_variables=(*record.class_instance_variables, *names))
        else:
            self.gathering.change(name, instance_variables=(*record.instance_variables, *names))

    def _pragma(self, name: str, side: Side, keyword: str, value: str) -> None:
        text = unquoted(value) if value[:1] == "'" and value[-1:] == "'" and len(value) > 1 else ""
        if side == "instance" and text and keyword in ("comment:", "category:"):
            self.gathering.change(name, **{keyword[:-1]: text})

    def _record(self, name: str) -> ClassRecord:
        return self.gathering.known(name) or ClassRecord(name, kind="extension")

    # -- methods

    def _method(self, position: int, name: str, side: Side) -> int | None:
        """Take the method at `position`; None when there is none."""
        text = self.text
        owner = _OWNER.match(text, position)
        start = position
        if owner:
            name, side, start = owner[1], "class" if owner[2] else "instance", owner.end()
        pattern = _PATTERN.match(text, start) if name else None
        if pattern is None:
            return None
        stop = closing_bracket(text, pattern.end())
        head = text[start : pattern.end() - 1].rstrip()
        if stop is None:
            source = head + text[pattern.end() :].rstrip()
            error = "the method's closing bracket is missing"
            self.gathering.broken.append(BrokenMethod(name, side, source[:10_000], error))
            return len(text)
        body, protocol = _without_category(text[pattern.end() : stop - 1].rstrip())
        gap = "\n\t" if body and (body[0].isalnum() or body[0] in "_:") else ""
        self.gathering.add(name, side, protocol, head + gap + body)
        return stop


def _without_category(body: str) -> tuple[str, str]:
    """The body without its `<category: 'x'>`, and the `x`."""
    if "<category:" not in body:
        return body, ""
    for match in _CATEGORY.finditer(body):
        if match[1]:
            before, after = body[: match.start()].rstrip(" \t"), body[match.end() :]
            if before.endswith("\n"):
                after = after.lstrip(" \t").removeprefix("\n")
            return before + after, match[2].replace("''", "'")
    return body, ""
