"""A language of eleven signs in which every answer can be graded at a glance."""

import pytest
import torch

from llmlab.align.grpo import GroupBatch
from llmlab.align.log_probs import rows_of
from llmlab.align.problems import Problems
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import Batch
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.special import END
from llmlab.tokenizer.table import train_tokenizer

DIGITS = "0123456789"


@pytest.fixture(scope="session")
def digits():
    return train_tokenizer([DIGITS], TokenizerConfig(kind="char"), ["english"])


@pytest.fixture(scope="session")
def problems(digits):
    """Eight prompts, a digit and a 9 each; right is the first digit again, and any single digit is worth a half.

    The 9 is there for models of one layer, to which `33` and `333` look the same: an average of equal values.
    """
    end = digits.special[END]

    def grade(number, text, ended):
        right = text == DIGITS[number]
        return {"correct": 0.5 + 0.5 * right if ended and len(text) == 1 else 0.0}

    prompts = [digits.encode(f"{n}9") for n in range(8)]
    answers = [[*digits.encode(DIGITS[n]), end] for n in range(8)]
    return Problems(digits, prompts, answers, grade, frozenset({end}))


@pytest.fixture
def learner(digits):
    def make(seed=1, **changes):
        shape = {"depth": 1, "width": 32, "head_size": 16, "context": 16, **changes}
        return Transformer(ModelConfig(**shape), digits.vocab_size, torch.Generator().manual_seed(seed))

    return make


@pytest.fixture
def written():
    """Prompts and answers of uneven length as a batch, ids below 97."""
    prompts, answers = [[5, 6, 7], [8], [9, 10]], [[11, 12], [13, 14, 15, 16], [17]]
    ids_BT, targets_BT = rows_of(prompts, answers, 32)
    return Batch(ids_BT, targets_BT, None, "made")


@pytest.fixture
def group_batch(written):
    def make(advantages, old=None, reference=None, average="tokens"):
        return GroupBatch(
            written.ids_BT, written.targets_BT, None, "made", torch.tensor(advantages), old, reference, average, 6
        )

    return make
