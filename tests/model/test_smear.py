import pytest
import torch
from torch.nn import functional as F

from llmlab.model.smear import Smear


def filled(reach=3, width=8):
    module = Smear(reach, width)
    with torch.no_grad():
        module.weight.normal_(generator=torch.Generator().manual_seed(1))
    return module


def test_it_is_a_depthwise_causal_convolution():
    """The authority: torch's conv1d with a weight of one for the token itself."""
    module, x = filled(), torch.randn(2, 11, 8, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        kernel = torch.cat((module.weight.flip(0), torch.ones(1, 8)))
        expected = F.conv1d(F.pad(x.mT, (3, 0)), kernel.T[:, None], groups=8).mT
        assert torch.allclose(module(x, None), expected, atol=1e-6)


def test_one_document_is_as_none_given():
    module, x = filled(), torch.randn(2, 11, 8)
    assert torch.equal(module(x, torch.zeros(2, 11, dtype=torch.long)), module(x, None))


def test_a_row_shorter_than_its_reach():
    module, x = filled(reach=5), torch.randn(1, 2, 8)
    with torch.no_grad():
        found = module(x, None)
        assert torch.equal(found[0, 0], x[0, 0])
        assert torch.allclose(found[0, 1], x[0, 1] + module.weight[0] * x[0, 0])


@pytest.mark.parametrize("reach", [1, 3])
def test_a_model_without_attention_sees_the_tokens_before_through_it(make_model, ids, reach):
    """No positions, window 1: without the smear nothing but the token itself counts."""
    model = make_model(position="none", window=1, smear=reach)
    changed = ids.clone()
    changed[:, 9] = (ids[:, 9] + 1) % 97
    with torch.no_grad():
        moved = (model(changed) != model(ids)).any(dim=-1)
    assert moved[:, 9 : 10 + reach].all()
    assert not moved[:, :9].any()
    assert not moved[:, 10 + reach :].any()


def test_a_document_does_not_see_the_end_of_the_one_before(make_model, ids, documents):
    model = make_model(position="none", window=1, smear=3)
    changed = ids.clone()
    changed[1, 6] = (ids[1, 6] + 1) % 97  # the last of its document
    with torch.no_grad():
        moved = (model(changed, documents) != model(ids, documents)).any(dim=-1)
    assert moved[1, 6]
    assert moved.sum() == 1
