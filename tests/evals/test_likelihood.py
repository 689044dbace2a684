from collections.abc import Callable

import pytest
import torch

from llmlab.evals.likelihood import model_scorer, ngram_scorer
from llmlab.evals.subject import Subject
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import opening


def summed(model: Transformer, tokenizer: Tokenizer, text: str) -> float:
    """The plain way: one row, one forward pass."""
    ids = torch.tensor([[*opening(tokenizer, "english"), *tokenizer.encode(text)]])
    with torch.inference_mode():
        logs = model(ids[:, :-1]).log_softmax(-1)[0].gather(-1, ids[0, 1:, None])
    return float(logs.sum())


@pytest.mark.parametrize(
    "texts",
    [
        ["A fox met a crow", "A fox met a keeper of the sea", "A fox met"],
        ["The crow", "A fox"],
        ["The crow", "The crow"],
        ["The crow", "The crow said nothing"],
    ],
)
def test_differences_are_those_of_whole_texts(texts: list[str], subject: Subject) -> None:
    """What all texts begin with is left out of the sums, so only differences count."""
    found = model_scorer(subject.base, subject.tokenizer, "english")(texts)
    expected = [summed(subject.base, subject.tokenizer, text) for text in texts]
    for value, right in zip(found, expected, strict=True):
        assert value - found[0] == pytest.approx(right - expected[0], abs=1e-3)


def test_a_long_beginning_is_cut_at_the_left(make_model: Callable[..., Transformer], tokenizer: Tokenizer) -> None:
    model = make_model(vocab=tokenizer.vocab_size, position="learned")
    texts = ["The old lighthouse keeper " * 20 + word for word in ("climbed", "the")]
    found = model_scorer(model, tokenizer, "english")(texts)
    assert found[0] != found[1]
    assert all(value < 0 for value in found)


def test_the_n_gram_prefers_what_it_has_read(subject: Subject) -> None:
    score = ngram_scorer(subject.baseline, subject.tokenizer, "english")
    known, unknown = score(["every evening the sea was there", "there was sea the evening every"])
    assert known > unknown
