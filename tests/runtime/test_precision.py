import torch

from llmlab.runtime.precision import autocast, compute_dtype

CPU = torch.device("cpu")


def test_names_to_dtypes():
    assert compute_dtype("fp32", CPU) is torch.float32
    assert compute_dtype("bf16", CPU) is torch.bfloat16


def test_fp32_is_bit_identical_to_no_context_and_bf16_is_not():
    a, b = torch.randn(8, 8), torch.randn(8, 8)
    with autocast(torch.float32, CPU):
        assert torch.equal(a @ b, torch.mm(a, b))
        assert not torch.is_autocast_enabled("cpu")
    with autocast(torch.bfloat16, CPU):
        low = a @ b
    assert low.dtype is torch.bfloat16
    assert torch.allclose(low.float(), a @ b, atol=0.2)
    assert not torch.equal(low.float(), a @ b)
