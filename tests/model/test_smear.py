import torch

from llmlab.model.smear import Smear


def filled():
    module = Smear()
    with torch.no_grad():
        module.gate.normal_(generator=torch.Generator().manual_seed(1))
        module.strength.fill_(0.7)
    return module


def test_a_gated_share_of_the_embedding_before_is_added():
    module, x = filled(), torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(2))
    before = torch.cat((torch.zeros(2, 1, 16), x[:, :-1]), dim=1)
    found = module(x, before)
    for b in range(2):
        for t in range(5):
            share = 0.7 / (1 + torch.exp(-(module.gate * x[b, t, :12]).sum()))
            assert torch.allclose(found[b, t], x[b, t] + share * before[b, t], atol=1e-6)


def test_a_model_without_attention_sees_the_token_before_through_it(make_model, ids):
    """No positions, window 1: without the smear nothing but the token itself counts."""
    model = make_model(position="none", window=1, smear=True)
    changed = ids.clone()
    changed[:, 9] = (ids[:, 9] + 1) % 97
    with torch.no_grad():
        moved = (model(changed) != model(ids)).any(dim=-1)
    assert moved[:, 9:11].all()
    assert not moved[:, :9].any()
    assert not moved[:, 11:].any()


def test_a_document_does_not_see_the_end_of_the_one_before(make_model, ids, documents):
    model = make_model(position="none", window=1, smear=True)
    changed = ids.clone()
    changed[1, 6] = (ids[1, 6] + 1) % 97  # the last of its document
    with torch.no_grad():
        moved = (model(changed, documents) != model(ids, documents)).any(dim=-1)
    assert moved[1, 6]
    assert moved.sum() == 1
