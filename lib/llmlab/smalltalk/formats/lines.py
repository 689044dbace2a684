"""Records as JSON lines, one for each method, each with all that is known about its class."""

import json
from collections.abc import Iterator

from llmlab.smalltalk.formats.reading import Reading
from llmlab.smalltalk.records import ClassRecord, MethodRecord, Side

KEYS = (
    *("dialect", "format", "repo", "path", "licence", "package", "class", "side", "superclass"),
    *("instvars", "classvars", "classinstvars", "traits", "protocol", "selector", "source", "comment", "stamp"),
)


def record_lines(path: str, reading: Reading, repo: str = "", licence: str = "") -> Iterator[str]:
    """One JSON object a line, with the keys of `KEYS`; a class without methods has one line, without a selector."""
    for record in reading.classes:
        about = {
            "dialect": reading.dialect,
            "format": reading.format,
            "repo": repo,
            "path": path,
            "licence": licence,
            "package": reading.package or record.category,
            "superclass": record.superclass,
            "instvars": record.instance_variables,
            "classvars": record.class_variables,
            "classinstvars": record.class_instance_variables,
            "traits": record.traits,
            "comment": record.comment,
        }
        for method in record.methods or (_no_method(record),):
            own = {
                "class": record.name,
                "side": method.side,
                "protocol": method.protocol,
                "selector": method.selector,
                "source": method.source,
                "stamp": method.stamp,
            }
            values = {**about, **own}
            yield writable(json.dumps({key: values[key] for key in KEYS}, ensure_ascii=False))


def writable(line: str) -> str:
    """`line` with escapes, which JSON reads back, for what no file can hold: a file's name need not be text."""
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


def _no_method(record: ClassRecord) -> MethodRecord:
    side: Side = "instance"
    return MethodRecord(record.name, side, "", "", "")
