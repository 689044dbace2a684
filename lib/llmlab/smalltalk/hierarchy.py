"""Which classes there are, what they inherit, and what they understand: a system known by its sources alone.

`kernel.txt` beside this file holds what every Smalltalk brings, so that a corpus without a kernel can be judged too;
classes of the corpus add to it, and their superclasses count where the two differ.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from llmlab.smalltalk.records import ClassRecord, Side

_KERNEL = Path(__file__).with_name("kernel.txt")
# An alias or exclusion in a composition (`TFoo - {#bar}`) is a symbol; what is no symbol is a trait.
_TRAIT = re.compile(r"(?<![#\w])[A-Z]\w*")
_ROOTS = ("nil", "")


@dataclass
class _Known:
    superclass: str | None = None
    traits: set[str] = field(default_factory=set)
    selectors: dict[Side, set[str]] = field(default_factory=lambda: {"instance": set(), "class": set()})
    variables: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Hierarchy:
    """The classes of some records above the kernel's.

    Args:
        records: classes, traits and extensions, in any order; those of one name add up.
        kernel: whether what every system brings is known as well.
    """

    def __init__(self, records: Iterable[ClassRecord], *, kernel: bool = True) -> None:
        self._classes: dict[str, _Known] = defaultdict(_Known)
        self._objects: dict[str, str] = {}
        if kernel:
            self._add_kernel()
        for record in records:
            self._add(record)

    def with_class(self, record: ClassRecord) -> "Hierarchy":
        """This hierarchy with one class as `record` has it, in place of any of that name; an extension adds to it."""
        changed = Hierarchy([], kernel=False)
        changed._classes = self._classes.copy()
        changed._objects = self._objects
        known = changed._classes.pop(record.name, None)
        if known is not None and record.kind != "class":
            changed._classes[record.name] = deepcopy(known)
        changed._add(record)
        return changed

    @cached_property
    def implemented(self) -> frozenset[str]:
        """Every selector that some class or trait has a method for, on either side."""
        found = (selectors for known in self._classes.values() for selectors in known.selectors.values())
        return frozenset().union(*found)

    def __contains__(self, name: str) -> bool:
        """Whether there is such a class or trait."""
        return name in self._classes and self._classes[name].superclass is not None

    @property
    def globals(self) -> frozenset[str]:
        """Names of classes, and of the objects that every system has (`Smalltalk`, `Transcript`)."""
        return frozenset(name for name in self._classes if name in self) | frozenset(self._objects)

    def class_of_object(self, name: str) -> str | None:
        """The class of the object that a global such as `Transcript` stands for."""
        return self._objects.get(name)

    def superclass(self, name: str) -> str | None:
        """The superclass; empty for a root, None where the class is not known."""
        superclass = self._classes[name].superclass if name in self else None
        return "" if superclass in _ROOTS else superclass

    def ancestors(self, name: str) -> Iterator[str]:
        """The class and its superclasses, upwards, as far as they are known."""
        seen: set[str] = set()
        current: str | None = name
        while current and current in self and current not in seen:
            seen.add(current)
            yield current
            current = self.superclass(current)

    def inherits(self, name: str, ancestor: str) -> bool:
        """Whether `ancestor` is the class or one of its superclasses."""
        return ancestor in self.ancestors(name)

    def understands(self, name: str, side: Side, selector: str) -> bool | None:
        """Whether an instance of the class (or, on the class side, the class) finds a method for `selector`.

        None: it is not found, but part of what is inherited is not known.
        """
        complete = False
        for each in self.ancestors(name):
            if selector in self._classes[each].selectors[side]:
                return True
            for trait in self._classes[each].traits:
                if trait not in self or selector in self._classes[trait].selectors[side]:
                    return True if trait in self else None
            complete = self.superclass(each) == ""
        if not complete:
            return None
        return self.understands("Class", "instance", selector) if side == "class" and name != "Class" else False

    def variables(self, record: ClassRecord, side: Side) -> set[str]:
        """The variables that methods of a class may use: its own, and what is known of inherited ones."""
        own = "instance" if side == "instance" else "class instance"
        found = set(record.class_variables)
        found |= set(record.instance_variables if side == "instance" else record.class_instance_variables)
        for each in self.ancestors(record.superclass):
            found |= self._classes[each].variables[own] | self._classes[each].variables["class"]
        if record.kind != "class":
            # A trait or an extension shows none of the variables of the class that it is part of.
            for each in self.ancestors(record.name):
                found |= self._classes[each].variables[own] | self._classes[each].variables["class"]
        return found

    def _add(self, record: ClassRecord) -> None:
        known = self._classes[record.name]
        if record.kind == "class":
            known.superclass = record.superclass or "nil"
        elif record.kind == "trait":
            known.superclass = "nil"
        known.traits |= set(_TRAIT.findall(" ".join(record.traits)))
        for method in record.methods:
            known.selectors[method.side].add(method.selector)
        known.variables["instance"] |= set(record.instance_variables)
        known.variables["class"] |= set(record.class_variables)
        known.variables["class instance"] |= set(record.class_instance_variables)

    def _add_kernel(self) -> None:
        for name, superclass, side, selectors in _kernel_lines():
            if side is None:
                self._objects[name] = superclass
                continue
            if superclass:
                self._classes[name].superclass = superclass
            self._classes[name].selectors[side] |= selectors


@cache
def _kernel_lines() -> list[tuple[str, str, Side | None, frozenset[str]]]:
    """Name, superclass (empty on the class side), side and selectors; side None: an object and its class."""
    found: list[tuple[str, str, Side | None, frozenset[str]]] = []
    for line in _KERNEL.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if line.startswith("#") or not words:
            continue
        if line.startswith(" "):
            name, superclass, side, selectors = found[-1]
            found[-1] = (name, superclass, side, selectors | set(words))
        elif words[1] == "class":
            found.append((words[0], "", "class", frozenset()))
        else:
            found.append((words[0], words[2], "instance" if words[1] == "<" else None, frozenset()))
    return found
