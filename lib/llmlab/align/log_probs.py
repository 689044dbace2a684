"""How likely a model finds the ids that were written: the numbers that every preference and reward loss is made of."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE, Batch


def log_probs(model: nn.Module, batch: Batch, temperature: float = 1.0) -> Tensor:
    """ln p of each target, (B, T), zero where not counted; with gradient.

    Logits are divided by `temperature`, as they were when the targets were drawn.
    """
    counts_BT = batch.targets_BT != IGNORE
    return _laid_out(_of_targets(_all_log_probs(model, batch, counts_BT, temperature), batch, counts_BT), counts_BT)


def log_probs_and_entropy(model: nn.Module, batch: Batch, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """The same, and the entropy in nats of what the model expected at each target, (B, T)."""
    counts_BT = batch.targets_BT != IGNORE
    all_NV = _all_log_probs(model, batch, counts_BT, temperature)
    entropy_N = -(all_NV.exp() * all_NV).sum(dim=-1)
    return _laid_out(_of_targets(all_NV, batch, counts_BT), counts_BT), _laid_out(entropy_N, counts_BT)


@torch.no_grad()
def frozen_log_probs(model: nn.Module, batch: Batch, temperature: float = 1.0, at_once: int = 64) -> Tensor:
    """`log_probs` without gradient and without dropout, a few rows at a time; on the CPU."""
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    rows = Batch(batch.ids_BT, batch.targets_BT, batch.documents_BT, batch.name)
    parts = [log_probs(model, part.to(device), temperature).cpu() for part in rows.cut(at_once)]
    model.train(training)
    return torch.cat(parts)


def rows_of(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], context: int) -> tuple[Tensor, Tensor]:
    """Ids and targets, (B, T) each, of prompts with what was written after them; only the latter is counted.

    Rows end in padding, which causal attention keeps from all that counts. A row longer than `context` loses the
    beginning of its prompt, as it does when the answer is drawn.
    """
    whole = [[*prompt, *answer][-(context + 1) :] for prompt, answer in zip(prompts, answers, strict=True)]
    T = max(len(ids) for ids in whole) - 1
    ids_BT = torch.zeros(len(whole), T, dtype=torch.long)
    targets_BT = torch.full((len(whole), T), IGNORE)
    for row, (ids, answer) in enumerate(zip(whole, answers, strict=True)):
        ids_BT[row, : len(ids) - 1] = torch.tensor(ids[:-1])
        first = max(1, len(ids) - len(answer))
        targets_BT[row, first - 1 : len(ids) - 1] = torch.tensor(ids[first:])
    return ids_BT, targets_BT


def _all_log_probs(model: nn.Module, batch: Batch, counts_BT: Tensor, temperature: float) -> Tensor:
    """ln p of every id of the vocabulary at each counted position, (N, V)."""
    if isinstance(model, Transformer):
        # The head is most of a small model's work, and prompts are most of a row: it looks at the answers alone.
        logits_NV = model.head(model.hidden(batch.ids_BT, batch.documents_BT)[counts_BT])
    else:
        logits_NV = model(batch.ids_BT, batch.documents_BT)[counts_BT]
    return (logits_NV.float() / temperature).log_softmax(dim=-1)


def _of_targets(all_NV: Tensor, batch: Batch, counts_BT: Tensor) -> Tensor:
    return all_NV.gather(-1, batch.targets_BT[counts_BT][:, None]).squeeze(-1)


def _laid_out(values_N: Tensor, counts_BT: Tensor) -> Tensor:
    return torch.zeros(counts_BT.shape, dtype=values_N.dtype, device=values_N.device).masked_scatter(
        counts_BT, values_N
    )
