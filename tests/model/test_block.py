import torch

from llmlab.model.block import Block


def test_a_block_is_two_residual_branches(tiny):
    block, x = Block(tiny()), torch.randn(2, 5, 32)
    middle = x + block.attention(block.attention_norm(x), None, None, None)[0]
    assert torch.equal(block(x, None, None, None)[0], middle + block.ffn(block.ffn_norm(middle)))


def test_with_empty_branches_a_block_passes_its_input_through(tiny):
    block, x = Block(tiny()), torch.randn(2, 5, 32)
    with torch.no_grad():
        block.attention.output.weight.zero_()
        block.ffn.down.weight.zero_()
    assert torch.equal(block(x, None, None, None)[0], x)
