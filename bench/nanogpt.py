"""The peer: nanoGPT's model and its training loop, plainly, with nothing from outside.

Architecture and hyperparameters as published in nanoGPT's README ("i only have a macbook") and
config/train_shakespeare_char.py: 4 layers, 4 heads, width 128, block 64, batch 12, 2,000 iterations, no dropout. Other
sizes are the same model with other numbers, as its model.py has it.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH, STEPS = 12, 2000
LR, MIN_LR, WARMUP, DECAY, BETAS, CLIP = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99), 1.0


@dataclass(frozen=True)
class Size:
    """Layers, heads, width, and the longest row."""

    layers: int = 4
    heads: int = 4
    width: int = 128
    block: int = 64


CPU_RECIPE = Size()


class Block(nn.Module):
    """Pre-norm attention and a GELU feed-forward of four times the width."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, self.heads = size.width, size.heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.attn_proj = nn.Linear(width, width, bias=False)
        self.c_fc = nn.Linear(width, 4 * width, bias=False)
        self.mlp_proj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (
            part.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            for part in self.c_attn(self.ln_1(x)).split(C, 2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x))))


class GPT(nn.Module):
    """Token and position embeddings, blocks, final norm, head tied to the token embedding."""

    def __init__(self, vocab: int, size: Size = CPU_RECIPE) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, size.width), nn.Embedding(size.block, size.width)
        self.blocks = nn.Sequential(*(Block(size) for _ in range(size.layers)))
        self.ln_f = nn.LayerNorm(size.width, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = 0.02 / math.sqrt(2 * size.layers) if "proj" in name else 0.02
                nn.init.normal_(parameter, std=std)

    def forward(self, ids: Tensor) -> Tensor:
        return F.linear(self.hidden(ids), self.wte.weight)

    def hidden(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1], device=ids.device))
        return self.ln_f(self.blocks(x))

    @torch.no_grad()
    def generate(self, ids: Tensor, count: int) -> Tensor:
        """As published: all of the text, cropped to the block, is read for each id; the head for the last one only."""
        for _ in range(count):
            hidden = self.hidden(ids[:, -self.wpe.num_embeddings :])[:, [-1]]
            logits = F.linear(hidden, self.wte.weight)[:, -1] / 1.0
            ids = torch.cat((ids, torch.multinomial(F.softmax(logits, dim=-1), 1)), dim=1)
        return ids


def rate(step: int) -> float:
    """Linear warm-up, cosine to MIN_LR."""
    if step < WARMUP:
        return LR * (step + 1) / (WARMUP + 1)
    share = (step - WARMUP) / (STEPS - WARMUP)
    return MIN_LR + 0.5 * (1 + math.cos(math.pi * share)) * (LR - MIN_LR)


def make_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """AdamW, decay on matrices and tables, fused on a GPU as nanoGPT has it."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=LR, betas=BETAS, fused=matrices[0].is_cuda)


def take_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, passes: list[Tensor], dtype: torch.dtype = torch.float32
) -> None:
    """One update from rows of ids (B, T + 1), one forward and backward pass for each entry."""
    for rows in passes:
        with torch.autocast(rows.device.type, dtype, enabled=dtype is not torch.float32):
            logits = model(rows[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()) / len(passes)
        loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def train(data: Tensor, vocab: int, seed: int, validate: Callable[[nn.Module], float]) -> tuple[float, float]:
    """Train the CPU recipe on ids (N,); seconds of training and final validation loss."""
    torch.manual_seed(seed)
    model = GPT(vocab)
    optimizer = make_optimizer(model)
    started = time.perf_counter()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        starts = torch.randint(len(data) - CPU_RECIPE.block, (BATCH,))
        where = starts[:, None] + torch.arange(CPU_RECIPE.block + 1)
        take_step(model, optimizer, [data[where]])
    seconds = time.perf_counter() - started
    return seconds, validate(model)
