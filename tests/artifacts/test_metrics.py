import json
import math

import numpy as np

from llmlab.artifacts.metrics import rounded, write_metrics


def test_numbers_that_are_not_finite_become_null_with_a_status(tmp_path):
    values = {"a": math.nan, "b": {"c": math.inf, "d": -math.inf, "e": 1.5}, "f": np.float64("nan"), "g": 3, "h": None}
    write_metrics(tmp_path / "m.json", values)
    text = (tmp_path / "m.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text) == {
        "a": None,
        "a_status": "not a number",
        "b": {"c": None, "c_status": "infinite", "d": None, "d_status": "infinite", "e": 1.5},
        "f": None,
        "f_status": "not a number",
        "g": 3,
        "h": None,
    }


def test_finite_numbers_pass_unchanged(tmp_path):
    values = {"loss": 1.25, "n": 3, "by": {"english": 0.1}}
    write_metrics(tmp_path / "m.json", values)
    assert json.loads((tmp_path / "m.json").read_text()) == values


def test_rounding_hides_the_last_bit_of_a_sum():
    assert 0.1 + 0.2 != 0.3
    assert rounded(0.1 + 0.2) == 0.3
    assert rounded(1.23456789, 2) == 1.23
