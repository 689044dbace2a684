import pytest
import torch

from llmlab.decode.cache import with_room
from llmlab.decode.compiled import CompiledReader
from llmlab.decode.engine import generate
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig
from llmlab.runtime.seed import torch_generator

pytestmark = pytest.mark.slow  # half a minute of compilation each on a slow machine

FEATURES = [
    {"ffn": "relu2", "window": 5, "smear": 2, "embedding_norm": True, "kv_heads": 1},
    {"norm": "layer", "position": "learned", "qk_norm": False, "ngram_rows": 61},
]
DOCUMENTS = torch.tensor([[-1] * 4 + [0] * 20])


def steps(reader, ids, documents, fork=False):
    """Logits of the last 14 ids, read one at a time after ten at once; with a fork, the first step is made twice."""
    with torch.inference_mode():
        _, cache = reader.extend(ids[:, :10], None, None if documents is None else documents[:, :10])
        cache, logits = with_room(cache, 32), []
        if fork:
            reader.extend(ids[:, 11:12], cache)
        for place in range(10, 24):
            logit, cache = reader.extend(ids[:, place : place + 1], cache)
            logits.append(logit)
    assert torch.equal(cache.ids_BS, ids)
    return torch.cat(logits, dim=1)


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_it_reads_as_the_reader_does(make_model, feature):
    model = make_model(**feature)
    ids = torch.randint(0, 97, (1, 24), generator=torch.Generator().manual_seed(11))
    compiled = CompiledReader(model)
    for documents in (None, DOCUMENTS):
        expected = steps(Reader(model), ids, documents)
        assert torch.allclose(steps(compiled, ids, documents), expected, atol=1e-5)
        assert torch.allclose(steps(compiled, ids, documents, fork=True), expected, atol=1e-5)
    assert len(compiled._programs) == 1


def test_a_text_is_the_same_and_one_program_serves_prompts_of_all_lengths(make_model):
    model = make_model()
    compiled = CompiledReader(model)
    config = SamplingConfig(temperature=0.7, max_new=12)
    for prompt in ([1], [1, 5, 9], list(range(1, 30))):
        written = [
            generate(each, [prompt], config, torch_generator(3, "text"), kind="static")
            for each in (Reader(model), compiled)
        ]
        assert written[0] == written[1]
    assert len(compiled._programs) == 1


def test_other_than_single_steps_it_is_a_reader(make_model):
    model = make_model()
    compiled, ids = CompiledReader(model), torch.randint(0, 97, (3, 24))
    with torch.inference_mode():
        assert torch.equal(compiled(ids), Reader(model)(ids))
        generate(compiled, ids.tolist(), SamplingConfig(max_new=4), torch_generator(1, "x"), kind="static")
        generate(compiled, ids[:1].tolist(), SamplingConfig(max_new=4), torch_generator(1, "x"))
    assert not compiled._programs
