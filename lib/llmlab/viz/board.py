"""Who does how well: our models, the n-gram, cheap answers, real text and anybody's baseline, from metrics alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmlab.viz.labels import MODELS, language_label
from llmlab.viz.results import Results, number

Flat = Mapping[str, float]
ENTRANTS = ("base", "chat", "kneser_ney", "commonest", "chance", "ceiling")
_NAMES = {**MODELS, "commonest": "commonest answer", "chance": "by chance"}
# What the evaluation calls an entrant in its parts on text and code.
_WRITERS = {"base": "model", "kneser_ney": "kneser_ney", "ceiling": "ceiling"}
_GUESSERS = {"base": "model", "kneser_ney": "kneser_ney", "commonest": "commonest", "chance": "chance"}
_SMALLTALK = {
    "valid": "parses",
    "sound_of_all": "parses, names sound",
    "known": "selectors known",
    "understood": "messages understood",
    "edit_similarity": "like the real method",
}
_CLASSES = {"methods_valid": "methods of classes parse", "names_sound": "names sound", "self_sends": "sends to self"}


@dataclass(frozen=True)
class Column:
    """One measure: where each entrant's number stands, and which way is better (1 more, -1 less, 0 neither)."""

    key: str
    title: str
    group: str
    places: Mapping[str, str] = field(default_factory=dict)
    better: int = 1
    is_share: bool = True


@dataclass(frozen=True)
class Entrant:
    """A row: numbers by column key; `kind` is `model`, `baseline` or `ceiling`."""

    name: str
    kind: str
    values: Flat


@dataclass(frozen=True)
class Board:
    """Rows and columns; a number that nobody has takes no column."""

    columns: Sequence[Column]
    entrants: Sequence[Entrant]

    def groups(self) -> list[str]:
        """Groups of columns, in order."""
        return list(dict.fromkeys(column.group for column in self.columns))

    def of_group(self, group: str) -> tuple[list[Column], list[Entrant]]:
        """The columns of a group and the entrants that have a number in it."""
        columns = [column for column in self.columns if column.group == group]
        rows = [each for each in self.entrants if any(column.key in each.values for column in columns)]
        return columns, rows

    def best(self, column: Column) -> float | None:
        """The best number of a column, real text aside; None where no way is better or all are equal."""
        values = [e.values[column.key] for e in self.entrants if e.kind != "ceiling" and column.key in e.values]
        if column.better == 0 or len(set(values)) < 2:
            return None
        return max(values) if column.better > 0 else min(values)


def make_board(sources: Mapping[str, Flat], languages: Sequence[str], given: Mapping[str, Flat] | None = None) -> Board:
    """The board of one or more evaluations and of baselines given by hand.

    Args:
        sources: name of a state of the project -> its `eval.json` with dotted keys. Names are shown when there are two.
        languages: which, in which order.
        given: name of an entrant -> its numbers by column key; a key that is no column becomes one.
    """
    columns = _columns(sources.values(), languages)
    entrants: list[Entrant] = []
    for source, flat in sources.items():
        for who in ENTRANTS:
            values = {c.key: flat[c.places[who]] for c in columns if who in c.places and c.places[who] in flat}
            if values:
                name = _NAMES[who] if len(sources) == 1 else f"{_NAMES[who]} @ {source}"
                kind = "ceiling" if who == "ceiling" else "model" if who in ("base", "chat") else "baseline"
                entrants.append(Entrant(name, kind, values))
    known = {column.key for column in columns}
    for name, numbers in (given or {}).items():
        entrants.append(Entrant(name, "baseline", numbers))
        columns += [Column(key, key, "Other", better=0, is_share=False) for key in numbers if key not in known]
        known |= set(numbers)
    shown = [column for column in columns if any(column.key in each.values for each in entrants)]
    return Board(shown, entrants)


def evaluation_board(results: Results) -> Board:
    """The board of the evaluation at hand."""
    return make_board({"workspace": dict(flat_numbers(results.evaluation))}, results.languages)


def flat_numbers(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Finite numbers by dotted key."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flat_numbers(value, f"{prefix}{key}.")
        elif (found := number(tree, key)) is not None:
            yield f"{prefix}{key}", found


def _columns(flats: Iterable[Flat], languages: Sequence[str]) -> list[Column]:
    columns = []
    for lang in [*languages, "all"]:
        places = {who: f"bits_per_byte.{who}.{lang}" for who in ("base", "chat", "kneser_ney")}
        key = f"bits_per_byte.{lang}"
        columns.append(Column(key, language_label(lang), "Bits per byte of held-out text", places, -1, False))
    group = "Smalltalk methods from held-out signatures"
    for key, title in _SMALLTALK.items():
        places = {who: f"smalltalk.{part}.{key}" for who, part in _WRITERS.items()}
        columns.append(Column(f"smalltalk.{key}", title, group, places))
    for key, title in _CLASSES.items():
        places = {who: f"smalltalk.classes.{part}.{key}" for who, part in _WRITERS.items()}
        columns.append(Column(f"classes.{key}", title, "Smalltalk classes from their name", places))
    for key, title in {"top_1": "right one first", "top_5": "among five"}.items():
        places = {who: f"smalltalk.cloze.{part}.{key}" for who, part in _GUESSERS.items()}
        columns.append(Column(f"cloze.{key}", title, "Smalltalk messages with a hidden selector", places))
    for lang in languages:
        columns += _text_columns(lang)
    tasks = sorted({key.split(".")[1] for flat in flats for key in flat if key.startswith("tasks.")})
    for task in tasks:
        places = {who: f"tasks.{task}.{who}" for who in ENTRANTS}
        columns.append(Column(f"tasks.{task}", task, "Tasks with one right answer", places))
    return columns


def _text_columns(lang: str) -> list[Column]:
    """Nobody should have more of these than real text has: less is not better, and more is worse."""
    label = language_label(lang)
    titles = {"memorised_50": f"{label}: runs of 50 from training", "toxic": f"{label}: texts with a toxic word"}
    folder = "smalltalk.classes" if lang == "smalltalk" else f"text.{lang}"
    return [
        Column(
            f"text.{lang}.{key}",
            title,
            "Copied and toxic",
            {who: f"{folder}.{part}.{key}" for who, part in _WRITERS.items()},
            0,
        )
        for key, title in titles.items()
    ]
