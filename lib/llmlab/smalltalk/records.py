"""A class and its methods as plain values, whatever file format they came from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

Side = Literal["instance", "class"]
Kind = Literal["class", "trait", "extension"]


class RecordError(ValueError):
    """JSON that is no record: names what was expected."""


@dataclass(frozen=True)
class MethodRecord:
    """One method; `source` is pattern and body, without the brackets of a class file and without outer blanks.

    `stamp` is author and time as the file gives them; training text does not show it.
    """

    class_name: str
    side: Side
    protocol: str
    selector: str
    source: str
    stamp: str = ""

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, data: str | Mapping[str, object]) -> "MethodRecord":
        """The record that `to_json` wrote, as text or already decoded; raises RecordError."""
        values = _values(data, cls)
        match values["side"]:
            case "instance" | "class" as side:
                pass
            case other:
                raise RecordError(f"expected side to be 'instance' or 'class', found {other!r}")
        texts = (_text(values, key) for key in ("protocol", "selector", "source", "stamp"))
        return cls(_text(values, "class_name"), side, *texts)


@dataclass(frozen=True)
class ClassRecord:
    """One class, trait or extension; `superclass` is empty for the last two. Variable lists hold names."""

    name: str
    superclass: str = ""
    instance_variables: tuple[str, ...] = ()
    class_variables: tuple[str, ...] = ()
    class_instance_variables: tuple[str, ...] = ()
    category: str = ""
    comment: str = ""
    kind: Kind = "class"
    methods: tuple[MethodRecord, ...] = ()
    traits: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, data: str | Mapping[str, object]) -> "ClassRecord":
        """The record that `to_json` wrote, as text or already decoded; raises RecordError."""
        values = _values(data, cls)
        match values["kind"]:
            case "class" | "trait" | "extension" as kind:
                pass
            case other:
                raise RecordError(f"expected kind to be 'class', 'trait' or 'extension', found {other!r}")
        methods = values["methods"]
        if not isinstance(methods, list | tuple):
            raise RecordError(f"expected methods to be a list, found {methods!r}")
        return cls(
            name=_text(values, "name"),
            superclass=_text(values, "superclass"),
            instance_variables=_names(values, "instance_variables"),
            class_variables=_names(values, "class_variables"),
            class_instance_variables=_names(values, "class_instance_variables"),
            category=_text(values, "category"),
            comment=_text(values, "comment"),
            kind=kind,
            methods=tuple(MethodRecord.from_json(each) for each in methods),
            traits=_names(values, "traits"),
        )


def _values(data: str | Mapping[str, object], record: type[MethodRecord] | type[ClassRecord]) -> dict[str, object]:
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except json.JSONDecodeError as error:
            raise RecordError(f"expected a {record.__name__} in JSON, but {error}") from None
    names = {each.name for each in fields(record)}
    if not isinstance(data, Mapping) or set(data) != names:
        found = sorted(map(str, data)) if isinstance(data, Mapping) else repr(data)[:40]
        raise RecordError(f"expected a {record.__name__} with the keys {sorted(names)}, found {found}")
    return dict(data)


def _text(values: Mapping[str, object], key: str) -> str:
    value = values[key]
    if not isinstance(value, str):
        raise RecordError(f"expected {key} to be a text, found {value!r}")
    return value


def _names(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = values[key]
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise RecordError(f"expected {key} to be a list of texts, found {value!r}")
    return tuple(value)
