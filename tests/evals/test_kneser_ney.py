"""Against Chen & Goodman 1999, written out slowly with dictionaries."""

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from llmlab.artifacts.errors import LabError
from llmlab.evals.kneser_ney import KneserNey

PAD = 1


class Paper:
    """Interpolated modified Kneser-Ney (section 4.2): equations 24 to 29, one dictionary per order."""

    def __init__(self, documents: Sequence[Sequence[int]], vocab: int, order: int) -> None:
        self.vocab, self.order = vocab, order
        seen: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(order + 1)]
        for document in documents:
            padded = [PAD] * (order - 1) + list(document)
            for end in range(order - 1, len(padded)):
                for n in range(1, order + 1):
                    seen[n][tuple(padded[end - n + 1 : end + 1])] += 1
        # The highest order keeps its counts; below it a gram counts once for every different word on its left.
        self.counts = [Counter(), *seen[1:]]
        for n in range(1, order):
            self.counts[n] = Counter(gram[1:] for gram in seen[n + 1])
        self.discount = [self.discounts(self.counts[n]) for n in range(order + 1)]
        self.after: list[dict[tuple[int, ...], dict[int, int]]] = []
        for n in range(order + 1):
            table: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
            for gram, count in self.counts[n].items():
                table[gram[:-1]][gram[-1]] = count
            self.after.append(table)

    @staticmethod
    def discounts(counts: Counter[tuple[int, ...]]) -> dict[int, float]:
        n = Counter(counts.values())
        if all(n[times] for times in (1, 2, 3)):
            y = n[1] / (n[1] + 2 * n[2])
            values = {1: 1 - 2 * y * n[2] / n[1], 2: 2 - 3 * y * n[3] / n[2], 3: 3 - 4 * y * n[4] / n[3]}
            if all(value > 0 for value in values.values()):
                return values
        return {1: 0.5, 2: 0.75, 3: 0.9}

    def probability(self, word: int, history: tuple[int, ...]) -> float:
        """P(word | history), history at most order - 1 words."""
        n = len(history) + 1
        lower = self.probability(word, history[1:]) if history else 1 / self.vocab
        followers = self.after[n].get(history)
        if not followers:
            return lower
        total = sum(followers.values())
        count = followers.get(word, 0)
        kept = count - self.discount[n][min(count, 3)] if count else 0.0
        left = sum(self.discount[n][min(times, 3)] for times in followers.values())
        return kept / total + left / total * lower


def zipf_documents(seed: int, vocab: int, documents: int, longest: int) -> list[list[int]]:
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(vocab)]
    return [rng.choices(range(vocab), weights, k=rng.randrange(longest + 1)) for _ in range(documents)] + [[2, 0, 3]]


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize(("seed", "vocab", "documents", "longest"), [(0, 12, 40, 30), (1, 5, 3, 8), (2, 30, 60, 12)])
def test_equals_the_paper(order: int, seed: int, vocab: int, documents: int, longest: int) -> None:
    texts = zipf_documents(seed, vocab, documents, longest)
    model, paper = KneserNey(texts, vocab, order, PAD), Paper(texts, vocab, order)
    rng = random.Random(seed)
    unseen = [[rng.randrange(vocab) for _ in range(order - 1)] for _ in range(20)]
    for history in [*unseen, [], [0], [vocab - 1] * (order + 2), texts[0][:order]]:
        padded = tuple(([PAD] * order + history)[-(order - 1) :])
        expected = [paper.probability(word, padded) for word in range(vocab)]
        np.testing.assert_allclose(model.distribution(history), expected, rtol=1e-12)


def test_the_discounts_of_the_reference_are_estimated_and_not_only_the_constants() -> None:
    """Else the test above would show nothing about equation 26."""
    paper = Paper(zipf_documents(0, 12, 40, 30), 12, 3)
    assert all(discounts != {1: 0.5, 2: 0.75, 3: 0.9} for discounts in paper.discount[2:])


def test_an_example_by_hand() -> None:
    """`2 3` twice, `2 4` once and so `pad 2` three times, over ids 0 to 4.

    One bigram each of counts one, two and three: Y = 1/3, and the discounts are 1/3, 1 and 3. Below them, 2 follows
    the pad only, 3 and 4 follow 2 only: three grams of count one, and for so little text the constant 0.5.
    """
    model = KneserNey([[2, 3], [2, 3], [2, 4]], 5, 2, PAD)
    below = np.array([0, 0, 0.5, 0.5, 0.5]) / 3 + (3 * 0.5 / 3) / 5
    above = np.array([0, 0, 0, 2 - 1, 1 - 1 / 3]) / 3 + (1 + 1 / 3) / 3 * below
    np.testing.assert_allclose(model.distribution([2]), above, rtol=1e-12)
    np.testing.assert_allclose(model.distribution([0]), below, rtol=1e-12)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_sums_to_one_after_every_history(order: int) -> None:
    texts = zipf_documents(3, 4, 10, 10)
    model = KneserNey(texts, 4, order, PAD)
    for history in itertools.product(range(4), repeat=order - 1):
        probabilities = model.distribution(history)
        assert probabilities.sum() == pytest.approx(1, abs=1e-12)
        assert (probabilities > 0).all()


@pytest.mark.parametrize("order", [2, 5])
def test_log_probabilities_are_the_logs_of_the_distribution(order: int) -> None:
    texts = zipf_documents(4, 15, 30, 20)
    model = KneserNey(texts, 15, order, PAD)
    for text in [*zipf_documents(5, 15, 4, 25), [14] * 9, [7]]:
        expected = [math.log(model.distribution(text[:place])[word]) for place, word in enumerate(text)]
        np.testing.assert_allclose(model.log_probabilities(text), expected, rtol=1e-12)


def test_no_gram_crosses_documents() -> None:
    """2 is always last and 3 always first: 3 after 2 gets what 3 gets after a history that never occurred."""
    apart = KneserNey([[5, 2], [3, 6]] * 5, 8, 3, PAD)
    np.testing.assert_array_equal(apart.distribution([5, 2]), apart.distribution([7, 2]))
    together = KneserNey([[5, 2, 3, 6]] * 5, 8, 3, PAD)
    assert together.distribution([5, 2])[3] > 2 * apart.distribution([5, 2])[3]


def test_the_order_of_documents_does_not_count() -> None:
    texts = zipf_documents(6, 10, 20, 15)
    forward, backward = KneserNey(texts, 10, 4, PAD), KneserNey(texts[::-1], 10, 4, PAD)
    np.testing.assert_array_equal(forward.log_probabilities(texts[3]), backward.log_probabilities(texts[3]))


def test_a_discount_that_would_leave_nothing_gives_way_to_the_constants() -> None:
    """Many grams seen three times, few seen twice: equation 26 gives a discount of 0 for two, and an infinite loss."""
    texts = (
        [[a, a + 30] for a in range(3, 30) for _ in range(3)]
        + [[2, 8], [2, 8], [31, 9], [31, 9], [2, 9], [2, 9]]
        + [[0, 40]]
    )
    counts = Counter(Counter(map(tuple, texts)).values())
    y = counts[1] / (counts[1] + 2 * counts[2])
    assert 2 - 3 * y * counts[3] / counts[2] <= 0
    model = KneserNey(texts, 64, 2, PAD)
    assert np.isfinite(model.log_probabilities([31, 50, 2, 60])).all()
    np.testing.assert_allclose(model.distribution([2]), [Paper(texts, 64, 2).probability(w, (2,)) for w in range(64)])


@pytest.mark.parametrize("texts", [[], [[]], [[], []]])
def test_no_text_is_refused(texts: list[list[int]], refuses: Callable[..., LabError]) -> None:
    refuses(["no text"], KneserNey, texts, 10, 3)


def test_short_and_empty_documents() -> None:
    model = KneserNey([[4], [], [4, 5]], 10, 5, PAD)
    assert model.log_probabilities([]).shape == (0,)
    first = model.log_probabilities([4])
    assert first.shape == (1,)
    assert first[0] > math.log(0.5)
    assert model.log_probabilities([9])[0] < math.log(0.1)


def test_learns_more_than_letter_frequencies() -> None:
    """On text of the same kind: better than uniform, and every higher order up to 3 better than the one below."""
    rng = random.Random(0)
    follow = {word: [rng.randrange(20) for _ in range(3)] for word in range(20)}

    def text(length: int) -> list[int]:
        words = [0]
        while len(words) < length:
            words.append(rng.choice(follow[words[-1]]))
        return words

    training, held_out = [text(60) for _ in range(60)], text(400)
    losses = [-KneserNey(training, 20, order, PAD).log_probabilities(held_out).mean() for order in (2, 3)]
    assert losses[0] < 0.5 * math.log(20)
    assert losses[0] == pytest.approx(math.log(3), abs=0.1)
    assert losses[1] < losses[0] + 0.05


def test_token_arrays_of_a_shard_will_do() -> None:
    """Ids come as uint16: a code of several of them must not overflow."""
    texts = [[60_000, 60_001, 60_002, 60_000], [60_003]]
    arrays = [np.asarray(text, dtype=np.uint16) for text in texts]
    lists, compact = KneserNey(texts, 65_000, 5, PAD), KneserNey(arrays, 65_000, 5, PAD)
    np.testing.assert_array_equal(lists.log_probabilities(texts[0]), compact.log_probabilities(arrays[0]))
    assert compact.log_probabilities(arrays[0])[1] > math.log(0.1)
