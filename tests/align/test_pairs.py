import pytest
import torch

from llmlab.align.log_probs import log_probs
from llmlab.align.pairs import Pair, PairSource, pair_batch, pairs_from, sums
from llmlab.align.rollouts import Rollout

PAIRS = [Pair([5, n], [7, 8, 9][: n + 1], [10]) for n in range(3)]


def rollouts(*rewards):
    return [Rollout(0, [20 + n], "", True, {}, reward) for n, reward in enumerate(rewards)]


@pytest.fixture
def source(make_model):
    return PairSource(PAIRS, make_model(), 32, 5)


def test_a_batch_is_chosen_rows_then_rejected_ones_with_the_references_words(source, make_model):
    batch = source.batch(0, 3)
    assert (batch.counted, len(batch.ids_BT), batch.weights_P.tolist()) == (3, 6, [1, 1, 1])
    assert batch.targets_BT[3:].max(dim=1).values.tolist() == [10, 10, 10]
    assert torch.allclose(batch.reference_2P, log_probs(make_model(), batch).sum(dim=1).detach(), atol=1e-5)


def test_the_reference_stays_what_it_was(source, make_model):
    before = source.batch(0, 3).reference_2P
    model = make_model()
    again = PairSource(PAIRS, model, 32, 5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.5)
    assert torch.equal(again.batch(0, 3).reference_2P, before)
    assert not torch.allclose(sums(model, again.batch(0, 3)), before, atol=0.1)


def test_every_epoch_has_every_pair_once_in_another_order(source):
    seen = [source.batch(row, 1).ids_BT[0, 1].item() for row in range(9)]
    assert [sorted(seen[first : first + 3]) for first in (0, 3, 6)] == [[0, 1, 2]] * 3
    assert len({tuple(seen[first : first + 3]) for first in (0, 3, 6)}) > 1
    assert torch.equal(
        source.batch(4, 2).ids_BT[:, 1],
        torch.cat([source.batch(n, 1).ids_BT[:, 1] for n in (4, 5)]).view(2, 2).T.flatten(),
    )


def test_parts_keep_pairs_together(source):
    batch = source.batch(0, 3)
    parts = batch.cut(2)
    assert [part.counted for part in parts] == [2, 1]
    assert torch.equal(parts[1].ids_BT, batch.ids_BT[[2, 5]])
    assert torch.equal(parts[1].reference_2P, batch.reference_2P[[2, 5]])
    assert batch.to(torch.device("meta")).weights_P.device.type == "meta"


def test_pairs_are_of_the_best_with_the_worst():
    found = pairs_from([[1]], rollouts(0.5, 1.0, 0.0, 1.0, 0.0, 0.5), 6, 9, 1)
    assert {pair.chosen[0] for pair in found} == {21, 23}
    assert {pair.rejected[0] for pair in found} == {22, 24}
    assert len(found) == 2
    assert len(pairs_from([[1]], rollouts(0.5, 1.0, 0.0, 1.0, 0.0, 0.5), 6, 1, 1)) == 1
    assert pairs_from([[1]], rollouts(1.0, 1.0, 0.0, 0.0), 2, 9, 1) == []


def test_without_a_pair_there_is_nothing_to_learn(make_model, refuses):
    refuses(["better and a worse"], PairSource, [], make_model(), 32, 5)


def test_a_batch_without_signal_counts_one(make_model):
    assert pair_batch(PAIRS, torch.zeros(3), make_model(), 32, "none").counted == 1
