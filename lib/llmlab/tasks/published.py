"""Tasks whose examples somebody published: where the rows are, and what makes examples of them."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from llmlab.artifacts.errors import LabError
from llmlab.tasks.base import Example, Kind
from llmlab.tasks.style import SHORT, Style

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Published:
    """Rows of a set: a file of a mirror by its hash (empty: there is none), and a dataset of the hub, pinned.

    A row has the shape of the one or of the other place; whoever makes examples of it reads both.
    """

    name: str
    sha256: str = ""
    dataset: str = ""
    subset: str = ""
    split: str = ""
    revision: str = ""


Finder = Callable[[Published], Iterable[Row]]


def nothing_found(published: Published) -> Iterable[Row]:
    """The finder of who has no way to data."""
    raise LabError(f"the rows of {published.name} are not at hand", "run it through `lab eval`, which looks for them")


class PublishedTask(ABC):
    """A task over rows, read when they are first asked for."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    style: ClassVar[Style] = SHORT
    lang: ClassVar[str] = "english"
    splits: ClassVar[Mapping[str, Published]]

    def __init__(self, find: Finder = nothing_found) -> None:
        self._find = find
        self._rows: dict[str, list[Example]] = {}

    def languages(self) -> tuple[str, ...]:
        """The one it was written in."""
        return (self.lang,)

    def examples(self, lang: str, split: str, count: int, seed: int) -> list[Example]:
        """The first `count` of a split in an order that the seed decides; errors as those of the finder."""
        if not count or lang != self.lang or split not in self.splits:
            return []
        if split not in self._rows:
            self._rows[split] = [self.example(*item) for item in enumerate(self._find(self.splits[split]))]
        found = list(self._rows[split])
        random.Random(f"{seed}/{self.name}/{split}").shuffle(found)
        return found[:count]

    @abstractmethod
    def example(self, number: int, row: Row) -> Example:
        """The example of row `number`."""

    @abstractmethod
    def grade(self, example: Example, text: str) -> float:
        """See `Task.grade`."""
