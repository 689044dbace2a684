"""What a reader hands back, and the drafts of classes it fills on the way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llmlab.smalltalk.formats.patterns import selector_of
from llmlab.smalltalk.lexer import trim_end
from llmlab.smalltalk.records import ClassRecord, MethodRecord, Side
from llmlab.smalltalk.tonel import BrokenMethod


class RefusedError(ValueError):
    """A file that no records come from: `reason` is one of few phrases, to be counted; `detail` says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The classes of one file (or of one folder that stands for a class), and all that is not in them."""

    format: str
    """Its name in the table of formats."""
    dialect: str = "unknown"
    """As far as the file shows it."""
    package: str = ""
    """What the file says it is a part of; the classes have categories of their own."""
    classes: tuple[ClassRecord, ...] = ()
    """In the order of their first appearance; methods of classes defined elsewhere make an extension."""
    broken: tuple[BrokenMethod, ...] = ()
    """Methods without a readable pattern or end."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """What else was left out, by reason: do-its, removals, older versions of a method."""


class Gathering:
    """Classes under construction, by name, in the order in which they appear."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.broken: list[BrokenMethod] = []
        self._records: dict[str, ClassRecord] = {}
        self._methods: dict[str, dict[tuple[Side, str], MethodRecord]] = {}

    def define(self, record: ClassRecord) -> None:
        """Take a class definition; a later one of the same class replaces it, comment and methods staying."""
        old = self._records.get(record.name)
        if old is not None:
            kept = old.class_instance_variables if not record.class_instance_variables else ()
            record = replace(
                record,
                comment=record.comment or old.comment,
                class_instance_variables=record.class_instance_variables or kept,
            )
        self._records[record.name] = record

    def change(self, name: str, **values: object) -> None:
        """Set fields of the class `name`, which starts as an extension if nothing defined it."""
        self._records[name] = replace(self._draft(name), **values)  # type: ignore[arg-type]

    def known(self, name: str) -> ClassRecord | None:
        """The class of that name as far as it got."""
        return self._records.get(name)

    def add(self, name: str, side: Side, protocol: str, source: str, stamp: str = "") -> None:
        """Take a method; of several with one selector the last wins."""
        source = trim_end(source.lstrip())
        if not source:
            self.skipped["empty method"] += 1
            return
        self._draft(name)
        selector = selector_of(source)
        if selector is None:
            self.broken.append(BrokenMethod(name, side, source, "it does not start with a method pattern"))
            return
        methods = self._methods.setdefault(name, {})
        if methods.pop((side, selector), None) is not None:
            self.skipped["older version of a method"] += 1
        methods[side, selector] = MethodRecord(name, side, protocol, selector, source, stamp)

    def file_under(self, name: str, side: Side, selector: str, protocol: str) -> None:
        """Give a method its protocol, which some formats tell after the methods."""
        method = self._methods.get(name, {}).get((side, selector))
        if method is not None:
            self._methods[name][side, selector] = replace(method, protocol=protocol)

    def remove(self, name: str, side: Side, selector: str) -> None:
        """Follow a change set that takes a method away."""
        self.skipped["removal"] += 1
        self._methods.get(name, {}).pop((side, selector), None)

    def reading(self, format: str, dialect: str = "unknown", package: str = "") -> Reading:
        """Everything gathered; an extension that holds nothing is left out."""
        classes = []
        for name, record in self._records.items():
            methods = tuple(self._methods.get(name, {}).values())
            if methods or record.kind != "extension" or record.comment:
                classes.append(replace(record, methods=methods))
        return Reading(
            format=format,
            dialect=dialect,
            package=package,
            classes=tuple(classes),
            broken=tuple(self.broken),
            skipped=dict(sorted(self.skipped.items())),
        )

    def _draft(self, name: str) -> ClassRecord:
        return self._records.setdefault(name, ClassRecord(name, kind="extension"))
