"""The training text of a class: Tonel's methods under a one-line header, always in one order and one layout.

    Class { #name : #Counter, #superclass : #Object, #instVars : [ 'count' ], #classVars : [ ], #category : #Demo }
    "I count."

    { #category : #counting }
    Counter >> increment [
        count := count + 1
    ]

Class side before instance side, each in file order; tabs for indentation, no trailing blanks, one blank line
between parts. A method ends at its matching `]`, which gives generation a natural stop (`method_end`). A class that is
too long for one document goes on in further ones, each under the header again (`render_parts`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmlab.smalltalk.lexer import (
    SmalltalkSyntaxError,
    closing_bracket,
    line_number,
    quoted,
    scan,
    tokenize,
    trim_end,
    unix_lines,
    unquoted,
)
from llmlab.smalltalk.parser import is_valid_method, parse_method, parse_pattern
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.ston import skip_blanks, string, symbol
from llmlab.smalltalk.tonel import (
    MethodHeader,
    Parse,
    TonelError,
    method_source,
    next_method,
    read_header,
    read_method_header,
    read_methods,
    read_protocol,
)

_COMMENT = re.compile(r'\s*("[^"]*+(?:""[^"]*+)*+")')
_DEFAULT_INDENT = 4


class RenderingError(ValueError):
    """A document that is no rendered class: the message names the line and what is wrong there."""


def render_class(record: ClassRecord, parse: Parse = parse_method) -> str:
    """The document of `record`; raises SmalltalkSyntaxError when one of its methods does not parse.

    `parse` speaks the dialect of the methods.
    """
    return render_parts(record, None, parse)[0]


def render_parts(record: ClassRecord, max_chars: int | None, parse: Parse = parse_method) -> list[str]:
    """The documents of `record`, each of at most `max_chars` characters (None: one document of any length).

    The comment stands in the first; every further one starts with the header alone. A document always holds at least
    one method or the comment, so that a single method may be longer than the limit. Errors as in `render_class`.
    """
    record = normalised(record, parse)
    header = render_header(record)
    parts = [[header + "\n" + quoted(record.comment, '"') if record.comment else header]]
    size = len(parts[0][0]) + 1
    empty = not record.comment
    for method in record.methods:
        text = render_method(method, parse)
        if max_chars is not None and not empty and size + len(text) + 2 > max_chars:
            parts.append([header])
            size = len(header) + 1
        parts[-1].append(text)
        size += len(text) + 2
        empty = False
    return ["\n\n".join(part) + "\n" for part in parts]


def render_header(record: ClassRecord) -> str:
    """The line that opens a document, and every continuation of one that had to be split."""
    entries = [f"#name : {symbol(record.name)}"]
    if record.superclass:
        entries.append(f"#superclass : {symbol(record.superclass)}")
    # A class always shows both lists, so that "none" is said and not left open; the rest only where it has them.
    lists = (
        ("instVars", record.instance_variables, record.kind == "class"),
        ("classVars", record.class_variables, record.kind == "class"),
        ("classInstVars", record.class_instance_variables, False),
    )
    for key, names, always in lists:
        items = ", ".join(string(each) for each in names)
        if names or always:
            entries.append(f"#{key} : [ {items} ]" if names else f"#{key} : [ ]")
    if record.traits:
        entries.append(f"#traits : {string(' + '.join(record.traits))}")
    if record.category:
        entries.append(f"#category : {symbol(record.category)}")
    return f"{record.kind.capitalize()} {{ {', '.join(entries)} }}"


def render_method(method: MethodRecord, parse: Parse = parse_method) -> str:
    """The lines of one method, from its category to its `]`; raises SmalltalkSyntaxError when it does not parse."""
    source = normalised_source(method.source, parse)
    stop = parse_pattern(source).stop
    metadata = f"{{ #category : {symbol(method.protocol)} }}\n" if method.protocol else ""
    owner = method.class_name + (" class" if method.side == "class" else "")
    return f"{metadata}{owner} >> {source[:stop]} [{source[stop:]}\n]"


def normalised(record: ClassRecord, parse: Parse = parse_method) -> ClassRecord:
    """`record` as rendering lays it out, without stamps: what `parse_rendered` gives back."""
    ordered = sorted(record.methods, key=lambda each: each.side)  # "class" sorts before "instance"; stable
    methods = tuple(replace(each, source=normalised_source(each.source, parse), stamp="") for each in ordered)
    lines = (each.rstrip() for each in unix_lines(record.comment).strip().split("\n"))
    return replace(record, comment="\n".join(lines), methods=methods)


def normalised_source(source: str, parse: Parse = parse_method) -> str:
    """`source` with its pattern on one line, the body below it, tabs for indentation and no trailing blanks.

    Strings and characters keep every blank they have. Raises SmalltalkSyntaxError when `source` does not parse.
    """
    source = trim_end(unix_lines(source)).lstrip()
    parse(source)
    stop = parse_pattern(source).stop
    pattern = " ".join(each.text for each in tokenize(source[:stop], comments=True))
    lines = _tidy_lines(source[stop:])
    # The rest of the pattern's own line moves below it.
    first = lines[0].strip(" \t")
    if first:
        lines[0] = "\t" + lines[0].lstrip()
    return "\n".join([pattern, *(lines if first else lines[1:])])


def _tidy_lines(body: str) -> list[str]:
    """The lines of `body` with indentation and ends tidied, but for what lies inside strings and characters."""
    fixed = [each for each in scan(body) if each.kind in ("string", "symbol", "character")]
    lines = body.split("\n")
    unit = _indent_unit(lines)
    tidied: list[str] = []
    start = 0
    for line in lines:
        stop = start + len(line)
        held = [each for each in fixed if each.start < stop + 1 and each.end > start]
        keep = min(max((each.end for each in held), default=start), stop) - start
        text = line[:keep] + line[keep:].rstrip()
        if not (held and held[0].start < start):
            text = _tabbed(text, unit)
        tidied.append(text)
        start = stop + 1
    return tidied


def _indent_unit(lines: list[str]) -> int:
    widths = [len(each) - len(each.lstrip(" ")) for each in lines if each.startswith(" ") and each.strip()]
    return max(2, min(widths, default=_DEFAULT_INDENT))


def _tabbed(line: str, unit: int) -> str:
    code = line.lstrip(" \t\f")
    blanks = line[: len(line) - len(code)]
    return "\t" * (blanks.count("\t") + blanks.count(" ") // unit) + code


# -- reading


def parse_rendered(text: str, parse: Parse = parse_method) -> ClassRecord:
    """The record a whole document was rendered from; raises RenderingError naming the line and the fault."""
    try:
        record, position = read_header(text, skip_blanks(text, 0))
    except TonelError as error:
        raise RenderingError(str(error)) from None
    match = _COMMENT.match(text, position)
    if match:
        position = match.end()
    methods, broken = read_methods(text, position, record.name, parse=parse)
    if broken:
        first_line = broken[0].source.partition("\n")[0]
        line = line_number(text, max(text.find(first_line, position), position))
        raise RenderingError(f"line {line}: expected a method of {record.name}, but {broken[0].error}")
    return replace(record, comment=unquoted(match[1]) if match else "", methods=tuple(methods))


def parse_parts(texts: Sequence[str], parse: Parse = parse_method) -> ClassRecord:
    """The record that `render_parts` cut into `texts`, in their order.

    Raises:
        RenderingError: no text, a bad one, or one with another header than the first.
    """
    records = [parse_rendered(text, parse) for text in texts]
    if not records:
        raise RenderingError("expected at least one document")
    bare = replace(records[0], comment="", methods=())
    for number, record in enumerate(records[1:], start=2):
        if replace(record, methods=()) != bare:
            raise RenderingError(f"document {number}: expected a continuation of {bare.name}, found {record.name}")
    return replace(records[0], methods=tuple(method for record in records for method in record.methods))


def iter_rendered_methods(text: str) -> Iterator[MethodRecord]:
    """The methods that stand whole in `text`, which may be cut anywhere at either end.

    Whole means a header and the matching `]`; the body may still be invalid. A method that has lost a bracket
    of its own, and would run on into the next, is left out.
    """
    position = next_method(text, 0)
    while position < len(text):
        protocol, start = read_protocol(text, position)
        header = read_method_header(text, start)
        # A header is one line; without this a line cut short would borrow the next method's bracket.
        stop = closing_bracket(text, header.body) if header and "\n" not in text[start : header.body] else None
        if header is None or stop is None:
            position = next_method(text, max(start, position + 1))
            continue
        record = _record(text, header, stop, protocol)
        limit = next_method(text, header.body)
        # A line that looks like a header may stand in a string, so the text is only cut there if it is broken.
        runs_on = limit < stop and (record is None or not is_valid_method(record.source))
        if record is not None and not runs_on:
            yield record
        position = limit if runs_on else next_method(text, stop)


def _record(text: str, header: MethodHeader, stop: int, protocol: str) -> MethodRecord | None:
    try:
        selector = parse_pattern(text[header.pattern : header.body - 1]).selector
    except SmalltalkSyntaxError:
        return None
    return MethodRecord(header.class_name, header.side, protocol, selector, method_source(text, header, stop))


def method_end(text: str, start: int) -> int | None:
    """The index just past the `]` that closes the method body whose `[` precedes `start`; None if it never closes.

    Brackets in strings, comments and `$]` do not count, so generation may stop at the answer.
    """
    return closing_bracket(text, start)
