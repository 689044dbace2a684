import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.evals.bits_per_byte import OPENING, score_model
from llmlab.evals.subject import Subject
from llmlab.evals.token_coder import Predictor, decode_documents, decode_ids, encode_ids, probe
from llmlab.model.transformer import Transformer
from llmlab.shards.format import Shard
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import EOS


@pytest.fixture(scope="module")
def english(subject: Subject, make_shard: Callable[..., Shard], test_documents: list[Document]) -> Shard:
    """Two documents of some contexts each."""
    prose = [d for d in test_documents if d.lang == "english" and d.kind == "prose"]
    return make_shard([replace(d, text=d.text[:260]) for d in prose], subject.tokenizer)


def test_the_code_is_as_long_as_bits_per_byte_says(subject: Subject, english: Shard) -> None:
    """The metric comes from batched rows of a context, the code from single steps on a cache."""
    start = opening(subject.tokenizer, "english")
    documents = [english.document(place)[OPENING:].tolist() for place in range(2)]
    assert all(len(ids) > subject.base.config.context for ids in documents)
    code = encode_ids(subject.base, start, documents)
    bits = score_model(subject.base, english).nats.sum() / math.log(2)
    assert len(code) * 8 == pytest.approx(bits, rel=1e-3, abs=16)


def test_it_decodes_to_the_same_ids(subject: Subject, english: Shard) -> None:
    start, end = opening(subject.tokenizer, "english"), subject.tokenizer.special[EOS]
    documents = [english.document(place)[OPENING:].tolist()[-70:] for place in range(2)]
    code = encode_ids(subject.base, start, documents)
    again = list(decode_documents(subject.base, start, code, end, 2, limit=200))
    assert again == [ids[:-1] for ids in documents]
    assert list(decode_ids(subject.base, start, code, end, limit=200)) == documents[0][:-1]


def test_another_model_decodes_to_something_else(subject: Subject, english: Shard) -> None:
    start, end = opening(subject.tokenizer, "english"), subject.tokenizer.special[EOS]
    ids = [*english.document(0)[OPENING:].tolist()[:40], end]
    code = encode_ids(subject.base, start, [ids])
    try:
        found = list(decode_ids(subject.chat, start, code, end, limit=60))
    except LabError:
        found = []
    assert found != ids[:-1]


def test_a_code_without_an_end_is_refused(subject: Subject, refuses: Callable[..., LabError]) -> None:
    start = opening(subject.tokenizer, "english")
    refuses(["does not end"], lambda: list(decode_ids(subject.base, start, b"\x55\xaa" * 50, -1, limit=10)))


def test_frequencies_add_up_and_leave_nothing_out(subject: Subject) -> None:
    """However sure the model is, every id has a part; the parts are the softmax to six digits."""
    predictor = Predictor(subject.base, opening(subject.tokenizer, "english"))
    for token in range(30):
        cumulative = predictor.cumulative()
        assert cumulative.shape == (subject.tokenizer.vocab_size + 1,)
        assert cumulative[0] == 0 and np.diff(cumulative).min() >= 1
        predictor.feed(token)
    ids = torch.tensor([[*opening(subject.tokenizer, "english"), *range(30)]])
    with torch.inference_mode():
        expected = subject.base(ids)[0, -1].double().softmax(-1).numpy()
    found = np.diff(predictor.cumulative()) / predictor.cumulative()[-1]
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(
    "changes", [{"window": 8}, {"position": "learned"}, {"smear": 2, "embedding_norm": True}, {"ngram_rows": 64}]
)
def test_every_kind_of_model_can_code(changes: dict[str, object], make_model: Callable[..., Transformer]) -> None:
    model = make_model(**changes)
    ids = [int(value) for value in np.random.default_rng(1).integers(3, 97, 45)]
    code = encode_ids(model, [1, 2], [[*ids, 0]])
    assert list(decode_ids(model, [1, 2], code, 0, limit=200)) == ids


def test_the_probe_tells_models_apart_and_repeats(subject: Subject) -> None:
    start = opening(subject.tokenizer, "english")
    assert probe(subject.base, start) == probe(subject.base, start) != probe(subject.chat, start)
