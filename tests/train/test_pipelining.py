import pytest
import torch

from llmlab.runtime import distributed
from llmlab.train import pipelining
from llmlab.train.pipelining import keep_only, share_of_layers


def shares(monkeypatch, depth, count):
    monkeypatch.setattr(pipelining, "world", lambda: count)
    found = []
    for number in range(count):
        monkeypatch.setattr(pipelining, "rank", lambda number=number: number)
        found.append(share_of_layers(depth))
    return found


@pytest.mark.parametrize(("depth", "count"), [(2, 2), (5, 2), (7, 4), (3, 3), (27, 8)])
def test_every_layer_is_somewhere_and_shares_differ_by_one(monkeypatch, depth, count):
    found = shares(monkeypatch, depth, count)
    assert [layer for share in found for layer in share] == list(range(depth))
    sizes = [len(share) for share in found]
    assert max(sizes) - min(sizes) <= 1
    assert sizes[-1] == min(sizes)
    assert distributed.world() == 1


@pytest.mark.parametrize("shape", [{}, {"position": "learned", "ngram_rows": 61, "smear": 2, "window": 8}], ids=str)
@pytest.mark.parametrize("masked", [True, False])
def test_the_parts_one_after_the_other_are_the_model(make_model, monkeypatch, shape, masked):
    model = make_model(depth=3, tie_embeddings=False, **shape)
    ids = torch.randint(97, (2, 32), generator=torch.Generator().manual_seed(1))
    documents = torch.arange(32).expand(2, -1) // 10 if masked else None
    expected = model(ids, documents)
    names = set(model.state_dict())
    x, seen = ids, set()
    for share in shares(monkeypatch, 3, 2):
        part = make_model(depth=3, tie_embeddings=False, **shape)
        keep_only(part, share, last=share.stop == 3)
        assert not seen & set(part.state_dict())
        seen |= set(part.state_dict())
        x = part.part(x, documents, share)
    assert seen == names
    assert torch.equal(part.head(x), expected)
