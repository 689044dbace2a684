from itertools import pairwise

import pytest
import torch

from llmlab.decode.cache import with_room
from llmlab.decode.engine import generate
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig

FEATURES = [
    {},
    {"ffn": "relu2", "window": 5},
    {"ffn": "gelu", "position": "learned", "qk_norm": False},
    {"kv_heads": 1, "ngram_rows": 61, "smear": 2, "embedding_norm": True},
    {"norm": "layer", "position": "none", "tie_embeddings": False, "ngram_rows": 61},
    {"window": 3, "kv_heads": 1, "smear": 2, "embedding_norm": True, "position": "learned"},
    {"qk_norm": False, "smear": 2, "embedding_norm": True, "ffn": "relu2", "gradient_checkpointing": True},
]
DOCUMENTS = [None, [[0] * 24, [-1] * 6 + [0] * 18, [0] * 7 + [1] + [2] * 16]]


@pytest.fixture
def ids():
    return torch.randint(0, 97, (3, 24), generator=torch.Generator().manual_seed(11))


def through_cache(model, ids, documents, cuts, room=0):
    cache, parts = None, []
    with torch.no_grad():
        for start, stop in pairwise([0, *cuts, 24]):
            numbers = None if documents is None else documents[:, start:stop]
            logits, cache = model.extend(ids[:, start:stop], cache, numbers)
            if room and start == 0:
                cache = with_room(cache, room)
            parts.append(logits)
    return torch.cat(parts, dim=1), cache


@pytest.mark.parametrize("cuts", [range(1, 24), [9, 10, 17]], ids=str)
@pytest.mark.parametrize("documents", DOCUMENTS, ids=["plain", "documents"])
@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_it_reads_as_the_model_does(make_model, ids, feature, documents, cuts):
    model = make_model(**feature)
    numbers = None if documents is None else torch.tensor(documents)
    with torch.no_grad():
        whole = model(ids, numbers)
        assert torch.allclose(Reader(model)(ids, numbers), whole, atol=1e-5)
    for room in (0, 12):
        logits, cache = through_cache(Reader(model), ids, numbers, cuts, room)
        assert torch.allclose(logits, whole, atol=1e-5)
        assert torch.equal(cache.ids_BS, ids)


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_a_static_cache_changes_no_bit(make_model, ids, feature):
    for model in (make_model(**feature), Reader(make_model(**feature))):
        growing, _ = through_cache(model, ids, None, range(8, 24))
        static, _ = through_cache(model, ids, None, range(8, 24), 24)
        assert torch.equal(growing, static)


def test_the_last_logits_alone(make_model, ids):
    reader = Reader(make_model())
    with torch.no_grad():
        whole, _ = reader.extend(ids, None)
        one, cache = reader.read(ids, None)
        three, _ = reader.read(ids, None, last=3)
    assert torch.allclose(one, whole[:, -1:], atol=1e-6)
    assert torch.allclose(three, whole[:, -3:], atol=1e-6)
    assert cache.length == 24


def test_positions_past_the_context_have_tables_too(make_model):
    model = make_model(context=16)
    ids = torch.arange(40)[None]
    with torch.no_grad():
        assert torch.allclose(Reader(model)(ids), model(ids), atol=1e-5)


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_ragged_prompts_are_continued_as_by_the_model(make_model, feature):
    model = make_model(**feature)
    prompts = [[5], [1, 2, 3, 4, 5, 6, 7], [n % 97 for n in range(40)], [6] * 20]
    config = SamplingConfig(temperature=0, max_new=40)
    expected = generate(model, prompts, config, torch.Generator())
    for kind in ("growing", "static"):
        assert generate(Reader(model), prompts, config, torch.Generator(), kind=kind) == expected


def test_the_model_stays_as_it_was(make_model, ids):
    model = make_model(ffn="swiglu", dropout=0.5)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    reader = Reader(model.train())
    with torch.no_grad():
        assert torch.equal(reader(ids), reader(ids))
    assert model.training
    assert not reader.blocks.training
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
