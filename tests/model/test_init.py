import math

import pytest
import torch

from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer

DEPTH, WIDTH = 3, 128


def fresh(seed=0, **changes):
    config = ModelConfig(**{"depth": DEPTH, "width": WIDTH, "head_size": 32, "context": 64, **changes})
    return Transformer(config, 500, torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def weights():
    return {
        name: p.detach()
        for name, p in fresh(tie_embeddings=False, position="learned", ngram_rows=50, smear=3).named_parameters()
    }


def expected_std(name):
    if name.startswith(("embedding.", "positions.")):
        return 0.02
    residual = 1 / math.sqrt(2 * DEPTH)
    fan_in = {"ffn.down": 352}.get(".".join(name.split(".")[2:4]), WIDTH)
    return (residual if ".output." in name or ".down." in name else 1) / math.sqrt(fan_in)


def test_every_weight_has_its_row_of_the_table(weights):
    for name, weight in weights.items():
        if name.startswith("ngrams."):
            assert (weight == 0).all(), name
        elif name == "smear.weight":
            assert torch.equal(weight, torch.tensor([0.5, 0.25, 0.125])[:, None].expand(3, WIDTH))
        elif "norm" in name:
            assert (weight == 1).all(), name
        else:
            std = expected_std(name)
            assert weight.std().item() == pytest.approx(std, rel=0.05), name
            assert abs(weight.mean().item()) < 5 * std / math.sqrt(weight.numel()), name
            # Normal and not uniform: kurtosis 3 and not 1.8.
            assert (weight / std).pow(4).mean().item() == pytest.approx(3, abs=0.35), name


def test_with_zero_init_a_model_says_nothing_until_it_has_learnt():
    model = fresh(zero_init=True, tie_embeddings=False, embedding_std=0.3)
    assert model.embedding.weight.std().item() == pytest.approx(0.3, rel=0.05)
    for name, weight in model.named_parameters():
        assert (weight == 0).all().item() == name.endswith((".output.weight", ".down.weight", "head.weight")), name
    ids = torch.randint(0, 500, (2, 9))
    assert (model(ids) == 0).all()
    block = model.blocks[0]
    x = torch.randn(2, 9, WIDTH)
    assert torch.equal(block(x, None, None, None)[0], x)
    tied = fresh(zero_init=True)
    assert tied.head.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_a_tied_head_is_filled_as_the_embedding():
    model = fresh()
    assert model.head.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_the_generator_alone_decides():
    torch.manual_seed(1)
    first = fresh(7).state_dict()
    torch.manual_seed(2)
    again, other = fresh(7).state_dict(), fresh(8).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


def test_no_two_matrices_are_equal(weights):
    same = [weights[f"blocks.{n}.attention.{part}.weight"] for n in range(DEPTH) for part in ("query", "key", "value")]
    for index, one in enumerate(same):
        assert not any(torch.equal(one, other) for other in same[index + 1 :])


def test_the_first_loss_is_that_of_guessing():
    ids = torch.randint(0, 500, (8, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for tied in (True, False):
            logits = fresh(tie_embeddings=tied).eval()(ids[:, :-1])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item()
            # ln 500 plus half the variance of the logits: 0.02^2 x 128 tied, 1 untied.
            assert loss == pytest.approx(math.log(500) + (0.03 if tied else 0.5), abs=0.1)


def test_the_residual_stream_does_not_grow_with_depth():
    def spread(depth):
        model = fresh(depth=depth, width=WIDTH)
        seen = []
        model.norm.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0].std().item()))
        model(torch.randint(0, 500, (2, 64)))
        return seen[0]

    assert spread(12) < 1.5 * spread(2)
