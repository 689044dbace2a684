"""One JSON file of numbers per stage, which git keeps and DVC compares."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json


def write_metrics(path: Path, values: Mapping[str, Any]) -> None:
    """Write nested numbers; a number that is not finite becomes null, with a `<key>_status` beside it.

    NaN is not JSON, and DVC shows a file that holds one as broken.
    """
    write_json(path, _finite(values))


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            result[str(key)] = _finite(value)
        elif isinstance(value, float) and not math.isfinite(value):
            result[str(key)] = None
            result[f"{key}_status"] = "not a number" if math.isnan(value) else "infinite"
        else:
            result[str(key)] = value
    return result


def rounded(value: float, digits: int = 6) -> float:
    """A float rounded for storage, so that a metric's file does not change with the last bit of a sum."""
    return round(float(value), digits)
