"""Which parameters get which optimizer, learning rate and weight decay."""

from collections.abc import Container

import torch
from torch import nn
from torch.optim import Optimizer

from llmlab.train.config import TrainConfig
from llmlab.train.muon import ROUNDS, Muon

_TABLES = ("embedding.", "positions.", "ngrams.", "head.")


def make_optimizers(
    model: nn.Module, config: TrainConfig, dtype: torch.dtype = torch.float32, only: Container[str] | None = None
) -> list[Optimizer]:
    """Optimizers over the trainable parameters, each group with its `peak` learning rate.

    Matrices inside the blocks take Muon or AdamW with decay; embedding tables and the head AdamW with
    `embedding_decay`; vectors AdamW without decay. A tied head is the embedding, once. `dtype` is that of Muon's
    products; `only` names the parameters to take, where others have optimizers elsewhere.
    """
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if only is not None:
        named = [(name, parameter) for name, parameter in named if name in only]
    tables = [p for name, p in named if name.startswith(_TABLES)]
    vectors = [p for name, p in named if _is_vector(name, p)]
    matrices = [p for name, p in named if not _is_vector(name, p) and not name.startswith(_TABLES)]
    adamw = [
        {"params": tables, "weight_decay": config.embedding_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizers: list[Optimizer] = []
    if config.optimizer == "muon" and matrices:
        optimizers.append(
            Muon(
                matrices,
                config.muon_lr,
                momentum=0.95,
                weight_decay=config.weight_decay,
                dtype=dtype,
                rounds=ROUNDS[config.muon_rounds],
            )
        )
    else:
        adamw.append({"params": matrices, "weight_decay": config.weight_decay})
    used = [group for group in adamw if group["params"]]
    if used:
        fused = next(iter(used[0]["params"])).device.type in ("cpu", "cuda")  # type: ignore[call-overload]
        optimizers.append(torch.optim.AdamW(used, lr=config.lr, betas=config.betas, eps=1e-8, fused=fused))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def _is_vector(name: str, parameter: nn.Parameter) -> bool:
    """Scales of components, which decay would push towards dropping them; a smear has one such vector a token back."""
    return parameter.ndim < 2 or name == "smear.weight"


def set_rate(optimizers: list[Optimizer], share: float) -> None:
    """Set every group to `share` of its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
