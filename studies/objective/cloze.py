"""One byte of a text is gone: what a model makes of it, from the text before alone and from both sides."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from llmlab.model.transformer import Transformer
from llmlab.shards.format import Shard

# Log probabilities over all ids (V,) of the id that is missing between two runs of ids.
Guess = Callable[[Tensor, Tensor], Tensor]


def places(shard: Shard, count: int, before: int, after: int, generator: np.random.Generator) -> list[Tensor]:
    """Windows of `before + 1 + after` ids, each within one document, documents drawn by their length."""
    size = before + 1 + after
    ends = np.append(shard.starts[1:], len(shard.ids))
    allowed = np.concatenate([np.arange(start, end - size + 1) for start, end in zip(shard.starts, ends, strict=True)])
    chosen = generator.choice(allowed, count, replace=False)
    return [torch.from_numpy(shard.ids[at : at + size].astype(np.int64)) for at in chosen]


@torch.no_grad()
def decoder_left(model: Transformer, before: Tensor, after: Tensor) -> Tensor:
    """The decoder's own question: p(x | before)."""
    return F.log_softmax(model(before[None])[0, -1].float(), -1)


@torch.no_grad()
def decoder_both(model: Transformer, before: Tensor, after: Tensor) -> Tensor:
    """p(x | before, after) by Bayes, over every id that could stand there: p(x | before) p(after | before, x)."""
    logits, cache = model.extend(before[None], None)
    prior = F.log_softmax(logits[0, -1].float(), -1)
    size = len(prior)
    rows = torch.cat((torch.arange(size)[:, None], after.expand(size, -1)), dim=1)
    logits, _ = model.extend(rows, cache.rows(torch.zeros(size, dtype=torch.long)))
    each = F.log_softmax(logits[:, :-1].float(), -1).gather(2, rows[:, 1:, None])[..., 0]
    return F.log_softmax(prior + each.sum(dim=1), -1)


@torch.no_grad()
def encoder(model: Transformer, before: Tensor, after: Tensor, mask: int) -> Tensor:
    """The encoder's own question: p(x | before, after), with `mask` in its place; `after` may be empty."""
    ids = torch.cat((before, torch.tensor([mask]), after))
    return F.log_softmax(model(ids[None])[0, len(before)].float(), -1)


def guesses(model: Transformer, mask: int, *, encodes: bool) -> Mapping[str, Guess]:
    """How a model answers with the text before alone (`left`) and with both sides (`both`)."""
    if encodes:
        return {
            "left": lambda before, after: encoder(model, before, after[:0], mask),
            "both": lambda before, after: encoder(model, before, after, mask),
        }
    return {
        "left": lambda before, after: decoder_left(model, before, after),
        "both": lambda before, after: decoder_both(model, before, after),
    }


def measure(guess: Guess, windows: list[Tensor], before: int) -> dict[str, float]:
    """Bits per missing byte, and the share of windows in which the likeliest byte is the right one."""
    bits, right = [], []
    for window in windows:
        answer, truth = guess(window[:before], window[before + 1 :]), int(window[before])
        bits.append(-float(answer[truth]) / np.log(2))
        right.append(int(answer.argmax()) == truth)
    error = float(np.std(bits, ddof=1) / np.sqrt(len(bits)))
    return {"bits": round(float(np.mean(bits)), 4), "error": round(error, 4), "right": round(float(np.mean(right)), 4)}
