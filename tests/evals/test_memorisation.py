import numpy as np
import pytest

from llmlab.evals.memorisation import found_runs, measure_memorisation, rolling_hashes
from llmlab.tokenizer.base import Tokenizer

from .conftest import ENGLISH


def runs(ids: np.ndarray, length: int) -> set[bytes]:
    return {ids[start : start + length].astype(np.int64).tobytes() for start in range(len(ids) - length + 1)}


@pytest.mark.parametrize("piece", [7, 64, 10_000])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_equal_to_looking_at_every_place(piece: int, dtype: type) -> None:
    """Few ids, so that runs repeat; whatever the pieces the training ids are read in."""
    generator = np.random.default_rng(1)
    training, written = (generator.integers(0, 3, size).astype(dtype) for size in (400, 120))
    for length in (1, 4, 6, 9):
        wanted = runs(written, length)
        assert found_runs(wanted, training, length, piece) == wanted & runs(training, length)


def test_a_place_whose_hash_is_equal_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run gets the same hash; still only what is there is found."""
    monkeypatch.setattr(
        "llmlab.evals.memorisation.rolling_hashes", lambda ids, n: np.zeros(len(ids) - n + 1, np.uint64)
    )
    training, written = np.arange(50), np.concatenate([np.arange(20, 26), np.arange(90, 96)])
    assert found_runs(runs(written, 4), training, 4) == runs(np.arange(20, 26), 4)


def test_hashes_are_of_their_own_run_only() -> None:
    ids = np.array([5, 1, 2, 3, 9, 1, 2, 3])
    hashes = rolling_hashes(ids, 3)
    assert len(hashes) == 6
    assert hashes[1] == hashes[5]
    assert len(set(hashes.tolist())) == 5
    assert rolling_hashes(np.array([0, 0]), 2)[0] != rolling_hashes(np.array([0]), 1)[0]
    assert len(rolling_hashes(ids, 9)) == 0


def test_copied_text_is_found_and_new_text_is_not(tokenizer: Tokenizer) -> None:
    training = np.array(tokenizer.encode("Before. " + ENGLISH * 2 + " After."), dtype=np.uint16)
    texts = {"copy": [ENGLISH], "new": [ENGLISH[::-1]], "both": [ENGLISH, ENGLISH[::-1]], "short": ["A fox."]}
    found = measure_memorisation(texts, tokenizer, training)
    assert found["copy"]["memorised_50"] > 0.9
    assert found["new"]["memorised_50"] == found["new"]["memorised_20"] == 0.0
    assert 0 < found["both"]["memorised_50"] < found["copy"]["memorised_50"]
    assert found["both"]["runs_50"] == found["copy"]["runs_50"] + found["new"]["runs_50"]
    assert found["short"] == {"runs_50": 0, "memorised_50": None, "runs_20": 0, "memorised_20": None}
