"""The points of a sweep: keys of the params file with the values that they take, every one with every other one."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from llmlab.artifacts.errors import LabError

_RANGE = re.compile(r"(?P<low>[^,\[\]{}]+?)\.\.(?P<high>[^,\[\]{}:]+)(?::(?P<kind>log)?(?P<count>\d+))?")
_HOW = "write `key=a,b,c`, `key=2..5` (whole numbers), `key=0..1:5` (five, evenly) or `key=0.001..0.1:log5`"
_MOST = 500

Point = dict[str, Any]


def parse_grid(words: Sequence[str]) -> dict[str, list[Any]]:
    """Each `key=values` as its key and the list of its values.

    Raises:
        LabError: a word that is none, no or doubled values, a key named twice, or more than 500 points.
    """
    grid: dict[str, list[Any]] = {}
    for word in words:
        name, sign, text = word.partition("=")
        key = name.strip()
        if not sign or not key or not text.strip():
            raise LabError(f"{word!r} is no `key=values`", _HOW)
        if key in grid:
            raise LabError(f"`{key}` is named twice", "write all its values behind one sign: `key=a,b,c`")
        values = parse_values(text.strip(), key)
        doubled = [value for place, value in enumerate(values) if value in values[:place]]
        if doubled:
            raise LabError(f"`{key}` takes the value {doubled[0]} twice", "name every value once")
        grid[key] = values
    if not grid:
        raise LabError("there is nothing to sweep over", _HOW)
    number = math.prod(map(len, grid.values()))
    if number > _MOST:
        raise LabError(f"that makes {number} runs, more than {_MOST}", "name fewer values")
    return grid


def parse_values(text: str, key: str) -> list[Any]:
    """The values of one key: a range, or a list as YAML has it between brackets.

    Raises:
        LabError: neither.
    """
    match = _RANGE.fullmatch(text)
    if match:
        return _range(match, key)
    try:
        values = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError as error:
        raise LabError(f"the values of `{key}` cannot be read: {text!r}", _HOW) from error
    assert isinstance(values, list)
    if not values or (None in values and "null" not in text):
        raise LabError(f"`{key}` has an empty value in {text!r}", _HOW)
    return [_number_or_same(value) for value in values]


def points(grid: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Every combination, the last key changing fastest."""
    return [dict(zip(grid, chosen, strict=True)) for chosen in itertools.product(*grid.values())]


def shown(point: Mapping[str, Any]) -> str:
    """A point as people write it."""
    return " ".join(f"{key}={value_text(value)}" for key, value in point.items())


def value_text(value: Any) -> str:
    """A value as short as it can be told from others."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _range(match: re.Match[str], key: str) -> list[Any]:
    ends = [_number_or_same(yaml.safe_load(match[name])) for name in ("low", "high")]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise LabError(f"`{key}`: a range goes from a number to a number, not {match[0]!r}", _HOW)
    low, high = ends
    if match["count"] is None:
        if not (isinstance(low, int) and isinstance(high, int) and low <= high):
            raise LabError(f"`{key}`: {match[0]!r} does not say how many values", _HOW)
        return list(range(low, high + 1))
    count = int(match["count"])
    if count < 2 or low >= high or (match["kind"] == "log" and low <= 0):
        raise LabError(f"`{key}`: {match[0]!r} is no range of two values or more", _HOW)
    shares = [place / (count - 1) for place in range(count)]
    if match["kind"] == "log":
        return [float(f"{low * (high / low) ** share:.6g}") for share in shares]
    values = [low + (high - low) * share for share in shares]
    whole = isinstance(low, int) and isinstance(high, int) and all(float(value).is_integer() for value in values)
    return [int(value) if whole else float(f"{value:.6g}") for value in values]


def _number_or_same(value: Any) -> Any:
    """`1e-4` is text to YAML 1.1, and a number to everybody else."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        return float(value)
    return value
