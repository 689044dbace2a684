"""Every weight's first value, in one table."""

import math

import torch
from torch import nn

from llmlab.model.config import ModelConfig
from llmlab.model.ngram import NgramEmbedding
from llmlab.model.norm import RMSNorm
from llmlab.model.smear import Smear


def init_weights(model: nn.Module, generator: torch.Generator, config: ModelConfig) -> None:
    """Fill every parameter of a `Transformer` from `generator`, in the order of `named_parameters`.

    | weight | first value |
    |---|---|
    | token and position embeddings | normal, std `embedding_std`, 0.02 (GPT-2) |
    | n-gram tables | zero: absent until trained, so that a new flag starts from the old model |
    | query, key, value, gate, up, head | normal, std 1/sqrt(fan-in): the output's variance is the input's |
    | output, down | that divided by sqrt(2 depth): the residual stream does not grow with depth (GPT-2) |
    | output, down, untied head with `zero_init` | zero: each block starts as the identity (Fixup, Zhang et al. 2019) |
    | norms | one |
    | smear | 1/2^k for the token k back |

    A tied head is the embedding, and is filled as such.
    """
    for name, module in model.named_modules():
        if isinstance(module, NgramEmbedding):
            for table in (module.bigram, module.trigram):
                nn.init.zeros_(table.weight)
        elif isinstance(module, nn.Embedding) and not name.startswith("ngrams."):
            _normal(module.weight, config.embedding_std, generator)
        elif isinstance(module, nn.Linear) and not _is_tied(model, module):
            last = name.endswith((".output", ".down"))
            std = 1 / math.sqrt(module.in_features)
            if config.zero_init and (last or name == "head"):
                std = 0.0
            elif last:
                std /= math.sqrt(2 * config.depth)
            _normal(module.weight, std, generator)
        elif isinstance(module, RMSNorm | nn.LayerNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, Smear):
            with torch.no_grad():
                module.weight.copy_(0.5 ** torch.arange(1.0, len(module.weight) + 1)[:, None])


def _normal(weight: torch.Tensor, std: float, generator: torch.Generator) -> None:
    with torch.no_grad():
        # Drawn on the CPU whatever the device, so that the same seed starts the same model everywhere.
        weight.copy_(torch.randn(weight.shape, generator=generator) * std)


def _is_tied(model: nn.Module, module: nn.Linear) -> bool:
    embedding = getattr(model, "embedding", None)
    return isinstance(embedding, nn.Embedding) and module.weight is embedding.weight
