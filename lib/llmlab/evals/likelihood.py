"""How likely a model finds texts that share a beginning: what ranks candidates."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn import functional as F

from llmlab.evals.kneser_ney import KneserNey
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import opening

# Natural logs of P(text), up to a constant that all of the texts given have in common.
Scorer = Callable[[Sequence[str]], list[float]]


def model_scorer(model: Transformer, tokenizer: Tokenizer, lang: str) -> Scorer:
    """By the model, as beginnings of documents; the ids that all texts begin with are read once.

    Of texts longer than the context the beginning that they share is cut off first, and what is too long even so at
    the end.
    """
    room = model.config.context
    device = model.embedding.weight.device

    @torch.inference_mode()
    def score(texts: Sequence[str]) -> list[float]:
        rows = [[*opening(tokenizer, lang), *tokenizer.encode(text)] for text in texts]
        shared = max(1, _shared(rows))
        drop = min(shared - 1, max(0, max(map(len, rows)) - room))
        first_BT = torch.tensor([rows[0][drop:shared]], device=device)
        logits_BTV, cache = model.extend(first_BT, None)
        rests = [row[shared : drop + room] for row in rows]
        longest = max(map(len, rests))
        if longest == 0:
            return [0.0] * len(rows)
        ids_BT = torch.zeros(len(rows), longest, dtype=torch.long)
        for row, rest in enumerate(rests):
            ids_BT[row, : len(rest)] = torch.tensor(rest, dtype=torch.long)
        ids_BT = ids_BT.to(device)
        more_BTV, _ = model.extend(ids_BT, cache.rows(torch.zeros(len(rows), dtype=torch.long, device=device)))
        before_BTV = torch.cat((logits_BTV[:, -1:].expand(len(rows), -1, -1), more_BTV[:, :-1]), dim=1).float()
        losses_BT = F.cross_entropy(before_BTV.transpose(1, 2), ids_BT, reduction="none").double().cpu()
        return [-float(losses_BT[row, : len(rest)].sum()) for row, rest in enumerate(rests)]

    return score


def ngram_scorer(model: KneserNey, tokenizer: Tokenizer, lang: str) -> Scorer:
    """By an n-gram."""

    def score(texts: Sequence[str]) -> list[float]:
        rows = [np.array([*opening(tokenizer, lang), *tokenizer.encode(text)]) for text in texts]
        return [float(model.log_probabilities(row).sum()) for row in rows]

    return score


def _shared(rows: Sequence[Sequence[int]]) -> int:
    """How many ids all rows begin with."""
    shortest = min(map(len, rows))
    return next((place for place in range(shortest) if len({row[place] for row in rows}) > 1), shortest)
