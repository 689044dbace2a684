"""Lines of a log told by earlier ones: what is the same is not spelt again.

A log says few things, many times. `write_echoes` writes a line as what differs from an earlier line, its reference.
Both are cut into fields (`cut`), and four signs, each followed by one character for a number n from 1 on, say:

    LIKE n    the reference of this line is the line n before it, and not the one just before; opens a line
    COPY n    here stand the next n fields of the reference
    SHIFT n   skip fields of the reference, or go back (`n - BACK`); what differs has more or fewer fields there
    LINES n   here stand n whole lines: the reference and those that follow it; opens a line

A literal stretch takes the place of as many fields of the reference as it has itself, so a number that changed costs
only the number. All signs mean the same in every log, whoever wrote it. `read_echoes` takes them back, exactly.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

REACH = 64
"""How many lines back a reference may lie: about what the context of a small model holds."""
MOST = 64
"""The largest number of fields or lines in one sign."""
BACK = 9
"""`SHIFT` goes back by fewer fields than this."""
LONGEST = 4096
"""Longer lines, in characters, are neither told nor referred to. Without a bound a line of 1 told twice is 11, that
told twice 1111, and what a model makes up could fill the memory."""
_OFFSET = 0x23
_ROOM = 8

# A UUID; then an address or a hash, and not a number or a word such as `facade`.
HEXADECIMAL = (
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[0-9a-f]{6})[0-9a-f]*(?:[0-9][a-f]|[a-f][0-9])[0-9a-f]*"
    r"|(?=[0-9A-F]{6})[0-9A-F]*(?:[0-9][A-F]|[A-F][0-9])[0-9A-F]*"
)
_FIELD = re.compile(rf"{HEXADECIMAL}|[0-9]+|[A-Za-z]+|[ \t]+|\r?\n|[^\x00-\x7f\udc80-\udcff]+|[\s\S]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_Fields = list[str]


def cut(text: str) -> _Fields:
    """The fields of a text: UUIDs, hexadecimal and decimal numbers, words, blanks, single characters.

    subtle: no field depends on what lies before or behind it. So any stretch of whole fields is cut as it was in its
    line, and a reader who has only the stretch counts the same number of fields.
    """
    return _FIELD.findall(text)


class Signs:
    """The signs as they are written: a mark, and a character for the number."""

    def __init__(self, marks: Sequence[str]) -> None:
        """Take four characters that no text holds, for LIKE, COPY, SHIFT and LINES."""
        self.like, self.copy, self.shift, self.lines = marks
        kinds = re.escape("".join(marks))
        last = chr(_OFFSET + MOST)
        self.one = re.compile(f"[{kinds}][{re.escape(chr(_OFFSET + 1))}-{re.escape(last)}]")
        self.part = re.compile(f"(?P<sign>{self.one.pattern})|[^{kinds}]+|[{kinds}]")


def sign(mark: str, number: int) -> str:
    """A sign with its number, from 1 to `MOST`."""
    return mark + chr(_OFFSET + number)


def write_echoes(text: str, signs: Signs, least: float = 1.3) -> str:
    """The text with lines told by earlier ones, where what is copied would take more than `least` tokens for a sign."""
    lines = _LINE.findall(text)
    writer = _Writer(lines, signs, least)
    place = 0
    while place < len(lines):
        place += writer.write(place)
    return "".join(writer.written)


class _Writer:
    """Lines seen so far, found by the line itself, by its words, and by the first half of its words."""

    def __init__(self, lines: Sequence[str], signs: Signs, least: float) -> None:
        self.lines, self.signs, self.least = lines, signs, least
        self.written: list[str] = []
        self._fields: list[_Fields] = []
        self._latest: dict[object, int] = {}

    def write(self, place: int) -> int:
        """Write the line at a place, or a run of lines; returns how many."""
        same = self._near(self.lines[place], place)
        count = 1 if same is None else self._repeated(same, place)
        if same is not None and self._worth(place, count) > self.least + (place - same > 1):
            self._refer(place - same)
            self.written.append(sign(self.signs.lines, count))
        else:
            count = 1
            self._write_line(place)
        for each in range(place, place + count):
            self._remember(each)
        return count

    def _repeated(self, same: int, place: int) -> int:
        most = min(MOST, len(self.lines) - place)
        count = 1
        while count < most and self.lines[same + count] == self.lines[place + count] and self._short(place + count):
            count += 1
        return count

    def _short(self, place: int) -> bool:
        return len(self.lines[place]) <= LONGEST

    def _worth(self, place: int, count: int) -> float:
        """About how many tokens the lines would take; no more than it needs to be worth the signs is looked at."""
        return sum(_price(field) for line in self.lines[place : place + min(count, 4)] for field in cut(line))

    def _write_line(self, place: int) -> None:
        fields = cut(self.lines[place])
        best, reference = _Told(price=sum(map(_price, fields)), parts=[self.lines[place]]), place - 1
        for candidate in self._candidates(fields, place):
            told = _tell(fields, self._fields[candidate], self.signs, self.least)
            told.price += candidate != place - 1
            if told.price < best.price:
                best, reference = told, candidate
        if best.parts != [self.lines[place]]:
            self._refer(place - reference)
        self.written += best.parts

    def _candidates(self, fields: _Fields, place: int) -> Iterator[int]:
        if not self._short(place):
            return
        words = _words(fields)
        found = [self._near(words, place), self._near((len(words), *words[: len(words) // 2]), place)]
        found.append(place - 1 if place and self._short(place - 1) else None)
        yield from dict.fromkeys(each for each in found if each is not None)

    def _near(self, key: object, place: int) -> int | None:
        found = self._latest.get(key)
        return found if found is not None and place - found <= REACH else None

    def _refer(self, distance: int) -> None:
        if distance > 1:
            self.written.append(sign(self.signs.like, distance))

    def _remember(self, place: int) -> None:
        fields = cut(self.lines[place])
        words = _words(fields)
        self._fields.append(fields)
        if not self._short(place):
            return
        for key in (self.lines[place], words, (len(words), *words[: len(words) // 2])):
            self._latest[key] = place


def _words(fields: _Fields) -> tuple[str, ...]:
    return tuple(field for field in fields if field.isalpha())


class _Told:
    """One way to write a line, and about how many tokens it takes."""

    def __init__(self, price: float, parts: list[str]) -> None:
        self.price, self.parts = price, parts


def _tell(fields: _Fields, reference: _Fields, signs: Signs, least: float) -> _Told:
    """A line by its reference, from left to right: copy what is worth a sign, go on where both are equal again."""
    told = _Told(price=0, parts=[])
    here = there = literal = at_here = at_there = 0
    while here < len(fields) and there < len(reference):
        length = _equal(fields, reference, here, there)
        if not length:
            here, there = _resync(fields, reference, here, there)
            continue
        shift = there - at_there - (here - at_here)
        worth = sum(map(_price, fields[here : here + length]))
        if worth > least + bool(shift) and 0 < shift + BACK <= MOST:
            _spell(told, fields[literal:here])
            told.parts += [sign(signs.shift, shift + BACK)] * bool(shift) + [sign(signs.copy, length)]
            told.price += 1 + bool(shift)
            literal = at_here = here + length
            at_there = there + length
        here += length
        there += length
    _spell(told, fields[literal:])
    return told


def _equal(fields: _Fields, reference: _Fields, here: int, there: int) -> int:
    """How many fields are the same from here and there on."""
    most = min(MOST, len(fields) - here, len(reference) - there)
    length = 0
    while length < most and fields[here + length] == reference[there + length]:
        length += 1
    return length


def _resync(fields: _Fields, reference: _Fields, here: int, there: int) -> tuple[int, int]:
    """Where, after a difference, both may be the same again: one field on, else at the nearest two equal fields."""
    if fields[here + 1 : here + 2] == reference[there + 1 : there + 2]:
        return here + 1, there + 1
    for steps in range(1, _ROOM):
        for ahead in range(steps + 1):
            left, right = here + ahead, there + steps - ahead
            pair = fields[left : left + 2]
            if pair and pair == reference[right : right + 2]:
                return left, right
    return here + 1, there + 1


def _spell(told: _Told, fields: _Fields) -> None:
    if fields:
        told.parts.append("".join(fields))
        told.price += sum(map(_price, fields))


@lru_cache(maxsize=1 << 16)
def _price(field: str) -> float:
    """About how many tokens a field takes: digits go in threes, words are known in part, blanks and signs join them."""
    if field[0].isdigit():
        return (len(field) + 2) // 3
    if field.isalpha():
        return 0.4 + len(field) / 10
    return 0.35 if len(field) < 6 else len(field) / 2.5


def read_echoes(text: str, signs: Signs) -> str:
    """The inverse of `write_echoes`; a sign that makes no sense where it stands is left as it is."""
    return "".join(_Reader(signs).read(text))


class _Reader:
    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.lines: list[str] = []
        # Of the line that is being written: its parts so far and their length; how far back its reference lies, and
        # the fields of that once they are asked for; the place in them.
        self.line: list[str] = []
        self.size = 0
        self.back = 1
        self.reference: _Fields | None = None
        self.cursor = 0

    def read(self, text: str) -> Iterable[str]:
        """All lines of a text."""
        for part in self.signs.part.finditer(text):
            if part["sign"] is None or not self._obey(part[0][0], ord(part[0][1]) - _OFFSET):
                self._take(part[0])
        return [*self.lines, *self.line]

    def _obey(self, mark: str, number: int) -> bool:
        """Do what a sign says; false if it cannot be done here."""
        opens = not self.line
        back = number if mark == self.signs.like else self.back
        if back > len(self.lines) or (not opens and mark in (self.signs.like, self.signs.lines)):
            return False
        if mark == self.signs.like:
            self.back, self.reference = back, None
        elif mark == self.signs.lines:
            for _ in range(number):
                self.lines.append(self.lines[-self.back][: LONGEST + 1])
            self._begin()
        elif mark == self.signs.copy:
            return self._copy(number)
        else:
            self.cursor = max(0, self.cursor + number - BACK)
        return True

    def _copy(self, number: int) -> bool:
        if self.reference is None:
            self.reference = cut(self.lines[-self.back][: LONGEST + 1])
        copied = self.reference[self.cursor : self.cursor + number]
        self.size += sum(map(len, copied))
        if self.size > LONGEST:
            return False
        self.cursor += number
        self.line += copied
        if copied and copied[-1].endswith("\n"):
            self._end()
        return True

    def _take(self, text: str) -> None:
        for part in _LINE.findall(text):
            self.line.append(part)
            self.size += len(part)
            self.cursor += len(cut(part))
            if part.endswith("\n"):
                self._end()

    def _begin(self) -> None:
        self.line, self.size, self.back, self.reference, self.cursor = [], 0, 1, None, 0

    def _end(self) -> None:
        self.lines.append("".join(self.line))
        self._begin()
