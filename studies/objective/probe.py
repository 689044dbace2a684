"""A linear probe: which kind of Smalltalk token a byte belongs to, read off a frozen model's last hidden state."""

import numpy as np
import torch
from torch import Tensor

from llmlab.artifacts.documents import Document
from llmlab.model.transformer import Transformer
from llmlab.smalltalk.lexer import scan
from llmlab.tokenizer.byte import ByteTokenizer

BLANK = "blank"


def token_kinds(text: str) -> list[str]:
    """The kind of token that each byte of `text` is in; `blank` between tokens."""
    kinds = [BLANK] * len(text)
    for token in scan(text):
        kinds[token.start : token.end] = [token.kind] * (token.end - token.start)
    return [kind for kind, character in zip(kinds, text, strict=True) for _ in character.encode()]


@torch.no_grad()
def states(
    model: Transformer, documents: list[Document], tokenizer: ByteTokenizer, size: int
) -> tuple[np.ndarray, list[str]]:
    """Hidden states (N, D) of the first `size` bytes of each document, in rows of the model's context, and kinds."""
    found, kinds = [], []
    context = model.config.context
    for document in documents:
        ids = torch.tensor(tokenizer.encode(document.text)[:size])
        for first in range(0, len(ids), context):
            found.append(_hidden(model, ids[first : first + context]))
        kinds += token_kinds(document.text)[:size]
    return np.concatenate(found), kinds


def _hidden(model: Transformer, ids: Tensor) -> np.ndarray:
    values: np.ndarray = model.hidden(ids[None])[0].float().numpy()
    return values


def accuracy(fit: tuple[np.ndarray, list[str]], test: tuple[np.ndarray, list[str]], ridge: float) -> dict[str, float]:
    """Share of test bytes whose kind ridge regression on one-hot kinds gets right, and that of the commonest kind."""
    names = sorted(set(fit[1]))
    wanted = np.eye(len(names))[[names.index(kind) for kind in fit[1]]]
    mean, spread = fit[0].mean(axis=0), fit[0].std(axis=0) + 1e-6
    x, x_test = ((each - mean) / spread for each in (fit[0], test[0]))
    weights = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ (wanted - wanted.mean(axis=0)))
    answers = (x_test @ weights + wanted.mean(axis=0)).argmax(axis=1)
    truth = np.array([names.index(kind) if kind in names else -1 for kind in test[1]])
    common = int(wanted.sum(axis=0).argmax())
    return {
        "accuracy": round(float((answers == truth).mean()), 4),
        "commonest": round(float((truth == common).mean()), 4),
    }
