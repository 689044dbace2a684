import pytest
import torch
from transformers import TopKLogitsWarper, TopPLogitsWarper

from llmlab.artifacts.params import build
from llmlab.decode.sampling import SamplingConfig, filtered, sample


def logits(rows=50, size=40):
    return 3 * torch.randn(rows, size, generator=torch.Generator().manual_seed(2))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("k", [1, 2, 7, 39, 40, 100])
def test_top_k_is_that_of_transformers(k):
    found = filtered(logits(), SamplingConfig(top_k=k))
    assert torch.equal(found, TopKLogitsWarper(k)(None, logits()))
    assert (found.isfinite().sum(-1) == min(k, 40)).all()


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_top_p_is_that_of_transformers(p):
    found = filtered(logits(), SamplingConfig(top_p=p))
    assert torch.equal(found.isfinite(), TopPLogitsWarper(p)(None, logits()).isfinite())
    assert (found.isfinite().sum(-1) >= 1).all()


def test_top_p_keeps_the_fewest_that_reach_it():
    probabilities = torch.tensor([[0.5, 0.25, 0.15, 0.1]])
    for p, kept in ((0.2, 1), (0.49, 1), (0.6, 2), (0.74, 2), (0.8, 3), (0.95, 4)):
        assert filtered(probabilities.log(), SamplingConfig(top_p=p)).isfinite().sum() == kept, p


def test_both_together_are_those_of_transformers_in_that_order():
    expected = TopPLogitsWarper(0.6)(None, TopKLogitsWarper(5)(None, logits()))
    assert torch.equal(filtered(logits(), SamplingConfig(top_k=5, top_p=0.6)), expected)


def test_off_is_untouched():
    assert filtered(logits(), SamplingConfig(top_k=0, top_p=1.0)).equal(logits())


@pytest.mark.parametrize("config", [{"top_k": 5}, {"top_p": 0.7}, {"top_k": 9, "top_p": 0.8}, {}], ids=str)
def test_what_is_drawn_is_in_the_support_and_covers_it(config):
    config = SamplingConfig(temperature=1.0, **config)
    one = logits(1, 12)
    support = set(filtered(one, config).isfinite().nonzero()[:, 1].tolist())
    probabilities = filtered(one, config).softmax(-1)[0]
    drawn = sample(one.expand(20_000, -1), config, generator())
    counts = torch.bincount(drawn, minlength=12) / 20_000
    assert set(drawn.tolist()) <= support
    assert torch.allclose(counts, probabilities, atol=0.02)


def test_temperature_zero_is_the_likeliest_and_needs_no_luck():
    config = SamplingConfig(temperature=0, top_k=3, top_p=0.1)
    assert torch.equal(sample(logits(), config, generator()), logits().argmax(-1))
    before = generator().get_state()
    used = generator()
    sample(logits(), config, used)
    assert torch.equal(used.get_state(), before)


def test_temperature_flattens_and_sharpens():
    def share_of_the_likeliest(temperature):
        drawn = sample(logits(1).expand(5000, -1), SamplingConfig(temperature=temperature), generator())
        return (drawn == logits(1).argmax()).float().mean().item()

    assert share_of_the_likeliest(0.2) > share_of_the_likeliest(1.0) > share_of_the_likeliest(5.0)


def test_equal_seeds_draw_equal_tokens_and_others_do_not():
    config = SamplingConfig(temperature=1.0)
    assert torch.equal(sample(logits(), config, generator(1)), sample(logits(), config, generator(1)))
    assert not torch.equal(sample(logits(), config, generator(1)), sample(logits(), config, generator(2)))


@pytest.mark.parametrize(
    "change", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"max_new": 0}], ids=str
)
def test_values_out_of_range_are_refused_by_the_loader(change, refuses):
    refuses([f"x.{next(iter(change))}"], build, SamplingConfig, change, "x")
