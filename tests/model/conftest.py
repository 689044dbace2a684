"""Every pair of architecture flags at once, and what any model must never do."""

import itertools

import pytest
import torch

FLAGS = {
    "ffn": ["swiglu", "relu2", "gelu"],
    "norm": ["rms", "layer"],
    "position": ["rope", "learned", "none"],
    "qk_norm": [True, False],
    "tie_embeddings": [True, False],
    "kv_heads": [None, 1],
    "window": [None, 5],
    "ngram_rows": [0, 61],
    "smear": [0, 2],
    "embedding_norm": [False, True],
    "gradient_checkpointing": [False, True],
}


def pairs_of(case):
    return set(itertools.combinations(case.items(), 2))


def pairwise():
    """Cases in which each value of each flag meets each value of every other, chosen greedily."""
    everything = [dict(zip(FLAGS, values, strict=True)) for values in itertools.product(*FLAGS.values())]
    missing = set().union(*map(pairs_of, everything))
    cases = []
    while missing:
        best = max(everything, key=lambda case: len(missing & pairs_of(case)))
        cases.append(best)
        missing -= pairs_of(best)
    return cases


CASES = pairwise()


@pytest.fixture(params=CASES, ids=["-".join(str(value) for value in case.values()) for case in CASES])
def flags(request):
    return dict(request.param)


@pytest.fixture
def ids():
    return torch.randint(0, 97, (3, 24), generator=torch.Generator().manual_seed(11))


@pytest.fixture
def documents():
    """Three rows: one document, three documents, padding in front."""
    return torch.tensor([[0] * 24, [0] * 7 + [1] * 1 + [2] * 16, [-1] * 6 + [0] * 18])
