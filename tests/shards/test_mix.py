import numpy as np
import pytest

from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import StreamSource
from llmlab.shards.format import Shard
from llmlab.shards.mix import PassesPerEpoch

CONTEXT = 8


def two_languages(tokens=800):
    """The first half of the ids is English, the second Chinese; every id is its own position."""
    starts = np.arange(0, tokens, 20)
    languages = ["english" if start < tokens // 2 else "chinese" for start in starts]
    sizes = np.full(len(starts), 60)
    return Shard(np.arange(tokens), starts, sizes, languages, ["prose"] * len(starts), [str(s) for s in starts])


def epoch(source, number=0):
    first = number * source.rows_per_epoch
    return source.batch(first, source.rows_per_epoch).ids_BT[:, 0].numpy()


def test_no_passes_and_one_pass_each_read_every_row_once():
    plain, ones = (StreamSource(two_languages(), CONTEXT, 3, False, p) for p in (None, {"chinese": 1.0}))
    assert np.array_equal(np.sort(epoch(plain)), np.sort(epoch(ones)))
    assert plain.rows_per_epoch == ones.rows_per_epoch == len(set(epoch(ones).tolist()))


def test_empty_passes_are_bit_identical_to_none():
    plain, empty = (StreamSource(two_languages(), CONTEXT, 3, False, p) for p in (None, {}))
    assert all(np.array_equal(epoch(plain, n), epoch(empty, n)) for n in range(3))


@pytest.mark.parametrize("times", [0.5, 1.5, 2.0, 3.25])
def test_a_language_is_read_as_often_as_asked(times):
    source = StreamSource(two_languages(), CONTEXT, 3, False, {"chinese": times})
    starts = epoch(source)
    chinese, english = (starts[side] for side in (starts >= 400, starts < 400))
    assert abs(len(chinese) / 49.5 - times) < 0.1  # a row at the border may belong to either
    assert len(english) == len(set(english.tolist())) in (49, 50)
    # Rows near the border may start in the other language, since the phase moves them.
    repeats = np.unique(chinese[chinese >= 400 + 2 * CONTEXT], return_counts=True)[1]
    assert set(repeats.tolist()) <= {int(times), int(times) + 1} - {0}


def test_a_fraction_draws_other_rows_in_each_epoch():
    rows = PassesPerEpoch(two_languages(), CONTEXT, 99, {"chinese": 0.5})
    first, second = (set(rows.draw(np.random.default_rng(seed)).tolist()) for seed in (1, 2))
    assert first != second
    assert len(first) == len(second) == rows.total


def test_a_position_is_a_function_of_seed_and_number():
    """Resuming asks for a later row first; it must be the one that a run from the start gets."""
    once, again = (StreamSource(two_languages(), CONTEXT, 3, False, {"chinese": 1.7}) for _ in range(2))
    far = 2 * once.rows_per_epoch + 5
    once.batch(0, 4)
    assert np.array_equal(once.batch(far, 3).ids_BT, again.batch(far, 3).ids_BT)


def test_an_unknown_language_is_named():
    with pytest.raises(LabError, match=r"names french.*chinese, english"):
        StreamSource(two_languages(), CONTEXT, 3, False, {"french": 2.0})
