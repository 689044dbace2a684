import pytest
import torch
from torch import nn

from llmlab.compress.int8 import Int8Linear, quantised, to_int8
from llmlab.decode.engine import generate
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig


def linear(outputs=48, inputs=64, seed=0):
    made = nn.Linear(inputs, outputs, bias=False)
    with torch.no_grad():
        made.weight.copy_(torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(seed)))
        made.weight[3] *= 100
        made.weight[5] = 0
    return made


def test_no_weight_is_further_than_half_a_scale():
    weight = linear().weight.detach()
    q_NK, scale_N = quantised(weight)
    scale_N1 = scale_N.float()[:, None]
    assert q_NK.dtype is torch.int8
    assert q_NK.abs().max() <= 127
    assert ((weight - q_NK * scale_N1).abs() <= scale_N1 / 2 * (1 + 1e-6)).all()
    assert (q_NK.abs().amax(1) >= 125)[torch.arange(48) != 5].all()
    assert (q_NK[5] == 0).all()


def test_signal_to_noise_is_that_of_8_bits():
    """A symmetric quantiser with one scale per 512 normal numbers: 42.6 dB."""
    weight = torch.randn(256, 512, generator=torch.Generator().manual_seed(1))
    q_NK, scale_N = quantised(weight)
    noise = (weight - q_NK * scale_N.float()[:, None]).square().mean()
    assert (10 * torch.log10(weight.square().mean() / noise)).item() == pytest.approx(42.6, abs=0.4)


@pytest.mark.parametrize("shape", [(64,), (1, 64), (3, 5, 64), (2, 1, 64)], ids=str)
def test_the_kernel_is_the_product_with_the_rounded_weights(shape):
    layer = linear()
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    q_NK, scale_N = quantised(layer.weight.detach())
    rounded_NK = q_NK * scale_N.float()[:, None]
    expected, sizes = x @ rounded_NK.T, x.abs() @ rounded_NK.abs().T
    for few_rows in (16, 0):
        found = Int8Linear(layer, few_rows)(x)
        assert found.dtype is torch.bfloat16
        assert found.shape == expected.shape
        # What rounding x and the sum to 8 bits of mantissa may change, and no more: the sum itself is fp32.
        assert ((found.float() - expected).abs() <= 2**-8 * sizes).all()


def test_matrices_of_blocks_and_head_are_swapped_and_the_embedding_is_not(make_model):
    for model in (make_model(), Reader(make_model())):
        embedding = model.embedding.weight.detach().clone()
        names = to_int8(model)
        assert "head" in names
        assert {name.split(".")[0] for name in names} == {"blocks", "head"}
        assert not any(isinstance(module, nn.Linear) for module in model.modules())
        assert torch.equal(model.embedding.weight, embedding)


@pytest.mark.parametrize("feature", [{}, {"tie_embeddings": False, "ffn": "relu2"}, {"kv_heads": 1}], ids=str)
def test_logits_are_near_those_of_the_model(make_model, feature):
    model = make_model(**feature)
    ids = torch.randint(0, 97, (2, 20), generator=torch.Generator().manual_seed(3))
    reader = Reader(make_model(**feature))
    to_int8(reader, few_rows=1000)
    with torch.no_grad():
        expected, found = model(ids), reader(ids).float()
    error = (found - expected).square().mean().sqrt() / expected.std()
    assert 0 < error < 0.05


def test_it_takes_a_quarter_of_the_bytes_and_writes(make_model):
    model = make_model(width=128, vocab=97, ffn="relu2")
    reader = Reader(make_model(width=128, vocab=97, ffn="relu2"))
    to_int8(reader)
    matrices = sum(module.weight.nbytes for module in model.modules() if isinstance(module, nn.Linear))
    small = sum(m.q_NK.nbytes + m.scale_N.nbytes for m in reader.modules() if isinstance(m, Int8Linear))
    assert small < 0.26 * matrices
    config = SamplingConfig(temperature=0, max_new=30)
    prompts = [[5], [1, 2, 3], list(range(20))]
    together = generate(reader, prompts, config, torch.Generator(), kind="static")
    assert [len(made.ids) for made in together] == [30, 30, 30]


def test_a_bias_is_not_silently_dropped():
    with pytest.raises(AssertionError):
        Int8Linear(nn.Linear(4, 4))
