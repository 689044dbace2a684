import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from datatrove.utils.hashes.xxhash import xxhash64

from llmlab.corpus.shingles import ShingleReader, ShingleWriter, hash_shingles, shingles, similarity
from llmlab.corpus.units import split_units


def test_shingles() -> None:
    assert shingles("One, two THREE.", "word", 2) == ["one two", "two three"]
    assert shingles("床前明月光。", "char", 3) == ["床前明", "前明月", "明月光"]
    assert shingles("single", "word", 2) == ["single"]
    assert shingles("...", "word", 2) == []
    tokens = split_units("foo ^ 1", "smalltalk")
    assert len(tokens) >= 3
    assert shingles("foo ^ 1", "smalltalk", 2) == [f"{a} {b}" for a, b in pairwise(tokens)]


def test_comments_and_the_spelling_of_assignment_do_not_count_in_smalltalk() -> None:
    ours = 'count\n\t"How many."\n\t| sum |\n\tsum := 0.\n\t^ sum'
    theirs = 'count | sum | sum _ 0. "start" ^sum'
    assert shingles(ours, "smalltalk", 3) == shingles(theirs, "smalltalk", 3)


def test_hashes_are_a_sorted_set_as_datatrove_hashes_them() -> None:
    hashes = hash_shingles("a b a b a b c", "word", 2)
    assert hashes.tolist() == sorted(xxhash64(text) for text in ("a b", "b a", "b c"))


def test_similarity_is_that_of_the_sets() -> None:
    a, b = np.arange(0, 30, dtype=np.uint64), np.arange(10, 50, dtype=np.uint64)
    assert similarity(a, b) == pytest.approx(20 / 50)
    assert similarity(a, a) == 1
    assert similarity(a[:0], a[:0]) == 0


def test_what_is_written_is_read_by_part_and_number(tmp_path: Path) -> None:
    sets = [np.arange(size, size + size, dtype=np.uint64) for size in (3, 0, 5)]
    for part in (0, 1):
        with ShingleWriter(tmp_path, part) as writer:
            for hashes in sets[part:]:
                writer.append(hashes)
    with ShingleReader(tmp_path, range(2), keep=1) as reader:
        for part, number in ((0, 2), (1, 1), (0, 0), (0, 1), (1, 0)):
            assert reader.read(part, number).tolist() == sets[part + number].tolist()


def test_what_is_kept_at_hand_is_bounded_in_bytes(tmp_path: Path) -> None:
    """Books have a thousand times the shingles of a paragraph."""
    with ShingleWriter(tmp_path, 0) as writer:
        for number in range(40):
            writer.append(np.arange(number, number + 1000, dtype=np.uint64))
    with ShingleReader(tmp_path, [0], keep=50_000) as reader:
        places = [(7 * step) % 40 for step in range(80)] + [3, 3, 5, 3]
        found = [reader.read(0, place) for place in places]
        assert [int(each[0]) for each in found] == places
        assert found[-1] is found[-3] is found[-4], "the same one is read from disk once"
        held = sys.getsizeof(reader._near) + sum(each.nbytes for each in reader._near.values())
        assert held < 51_000
