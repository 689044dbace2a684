"""The parts of the study objective: an encoder that looks both ways, masks, guesses against enumeration, the probe."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE, Batch
from llmlab.shards.format import Shard

STUDY = Path(__file__).parents[2] / "studies" / "objective"
VOCAB = 13


def module(name):
    return importlib.import_module(name)


@pytest.fixture
def ids():
    return torch.arange(10).reshape(1, 10) % VOCAB


def test_an_encoder_sees_what_comes_after_and_a_decoder_does_not(make_model, ids):
    changed = ids.clone()
    changed[0, 9] = 3
    decoder, encoder = make_model(VOCAB), make_model(VOCAB)
    module("masking").make_encoder(encoder)
    with torch.no_grad():
        assert torch.equal(decoder(ids)[0, :9], decoder(changed)[0, :9])
        assert not torch.allclose(encoder(ids)[0, 0], encoder(changed)[0, 0])
        # At the last position both have seen all the layer below knows of it: one layer would make them equal.
        one, other = make_model(VOCAB, depth=1), make_model(VOCAB, depth=1)
        module("masking").make_encoder(other)
        assert torch.allclose(one(ids)[0, -1], other(ids)[0, -1], atol=1e-5)


def test_masks_hide_their_share_and_are_the_only_targets():
    rows = torch.arange(4 * 100).reshape(4, 100) % 12
    batch = Batch(rows, rows, None, "rows 0-3")
    found = module("masking").hide(batch, 0.4, 12, 1)
    counted = found.targets_BT != IGNORE
    assert counted.sum(dim=1).tolist() == [40] * 4
    assert torch.equal(found.targets_BT[counted], rows[counted])
    assert torch.equal(found.ids_BT[~counted], rows[~counted])
    assert ((found.ids_BT == 12).sum(dim=1) == 32).all()
    assert found.ids_BT.max() == 12


def test_masks_of_a_row_do_not_depend_on_how_rows_are_batched():
    class Rows:
        rows_per_epoch = 100

        def batch(self, position, rows):
            ids = torch.arange(position * 20, (position + rows) * 20).reshape(rows, 20) % 12
            return Batch(ids, ids, None, "rows")

    source = module("masking").MaskedSource(Rows(), 0.15, 12, 1)
    whole, parts = source.batch(4, 4), [source.batch(4, 2), source.batch(6, 2)]
    assert torch.equal(whole.ids_BT, torch.cat([part.ids_BT for part in parts]))
    assert not torch.equal(source.batch(0, 1).targets_BT == IGNORE, source.batch(1, 1).targets_BT == IGNORE)


def test_both_sides_by_bayes_is_the_likelihood_of_whole_texts(make_model):
    """p(x | before, after) against plain enumeration of every text, one after the other."""
    model: Transformer = make_model(VOCAB)
    before, after = torch.tensor([1, 5, 2]), torch.tensor([7, 3])
    totals = []
    with torch.no_grad():
        for candidate in range(VOCAB):
            text = torch.cat((before, torch.tensor([candidate]), after))
            logs = F.log_softmax(model(text[None])[0], -1)
            totals.append(float(sum(logs[place, text[place + 1]] for place in range(2, len(text) - 1))))
    expected = F.log_softmax(torch.tensor(totals), -1)
    cloze = module("cloze")
    assert torch.allclose(cloze.decoder_both(model, before, after), expected, atol=1e-4)
    assert float(cloze.decoder_left(model, before, after).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_measure_of_a_guess_that_knows_and_of_one_that_does_not():
    cloze = module("cloze")
    windows = [torch.tensor([1, 2, 3, 4]), torch.tensor([4, 3, 2, 1])]
    flat = cloze.measure(lambda before, after: torch.full((8,), 1 / 8).log(), windows, 2)
    assert (flat["bits"], flat["error"]) == (3.0, 0.0)
    sure = cloze.measure(lambda before, after: F.log_softmax(50.0 * F.one_hot(after[0] - 1, 8).float(), -1), windows, 1)
    assert sure["right"] == 0.5  # what follows is one more in the first window and one less in the second


def test_windows_lie_within_documents():
    shard = Shard(np.arange(100), np.array([0, 30, 33]), np.ones(3), ["a"] * 3, ["prose"] * 3, ["0", "1", "2"])
    for window in module("cloze").places(shard, 40, 5, 2, np.random.default_rng(1)):
        assert window[0] >= 33 or window[-1] < 30


def test_the_probe_finds_what_is_linear_and_nothing_in_noise():
    probe, random = module("probe"), np.random.default_rng(1)

    def made(count, strength):
        kinds = random.integers(0, 3, count)
        return strength * np.eye(3)[kinds] + random.normal(size=(count, 3)), [f"k{kind}" for kind in kinds]

    assert probe.accuracy(made(600, 9), made(200, 9), 1.0)["accuracy"] > 0.99
    chance = probe.accuracy(made(600, 0), made(200, 0), 1.0)
    assert chance["accuracy"] < 0.5


def test_kinds_of_tokens_byte_by_byte():
    kinds = module("probe").token_kinds("a := 'é'. \"c\"")
    assert len(kinds) == len("a := 'é'. \"c\"".encode())
    assert [kinds[0], kinds[1], kinds[5], kinds[7]] == ["name", "blank", "string", "string"]
    assert kinds[-1] == "comment"
