import pytest
import torch

from llmlab.decode.engine import Generation, generate, stream
from llmlab.decode.sampling import SamplingConfig

FEATURES = [
    {},
    {"window": 5},
    {"position": "learned"},
    {"kv_heads": 1, "ngram_rows": 61, "smear": 2, "embedding_norm": True},
    {"position": "none"},
]
PROMPTS = [[5], [1, 2, 3, 4, 5, 6, 7], [9, 8, 7]]


def greedy(max_new):
    return SamplingConfig(temperature=0, max_new=max_new)


def luck(seed=0):
    return torch.Generator().manual_seed(seed)


def without_cache(model, prompt, count, banned=()):
    """The likeliest next id of a full forward, again and again, sliding as the engine promises to."""
    kept, made = list(prompt)[-model.config.context :], []
    for _ in range(count):
        with torch.no_grad():
            scores = model(torch.tensor([kept]))[0, -1]
        scores[list(banned)] = -torch.inf
        made.append(int(scores.argmax()))
        full = len(kept) == model.config.context
        kept.append(made[-1])
        if full:
            kept = kept[-(model.config.context // 2) :]
    return made


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_greedy_is_the_argmax_of_the_full_forward(make_model, feature):
    model = make_model(**feature)
    for prompt, made in zip(PROMPTS, generate(model, PROMPTS, greedy(20), luck()), strict=True):
        assert made == Generation(without_cache(model, prompt, 20), "length")


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_a_batch_is_each_prompt_alone_past_the_context_too(make_model, feature):
    """Ragged prompts, one longer than the context of 32, a hundred new ids: each row slides when it is full itself."""
    model = make_model(**feature)
    prompts = [*PROMPTS, [n % 97 for n in range(40)], [3] * 32, [4] * 31, [6] * 20]
    together = generate(model, prompts, greedy(100), luck())
    for prompt, made in zip(prompts, together, strict=True):
        assert [made] == generate(model, [prompt], greedy(100), luck())
        assert made.ids == without_cache(model, prompt, 100)


def test_rows_that_end_leave_the_batch_without_touching_the_others(make_model):
    model = make_model()
    alone = [generate(model, [prompt], greedy(40), luck())[0].ids for prompt in PROMPTS]
    ends = [3, 40, 11]
    found = generate(model, PROMPTS, greedy(40), luck(), finished=lambda row, ids: len(ids) == ends[row])
    assert [made.ids for made in found] == [ids[:end] for ids, end in zip(alone, ends, strict=True)]
    assert [made.reason for made in found] == ["finished", "finished", "finished"]


def test_sampling_repeats_with_the_generator(make_model):
    model, config = make_model(), SamplingConfig(temperature=1.0, max_new=30)
    first = generate(model, PROMPTS, config, luck(3))
    assert generate(model, PROMPTS, config, luck(3)) == first
    assert generate(model, PROMPTS, config, luck(4)) != first
    torch.manual_seed(123)
    torch.rand(7)
    assert generate(model, PROMPTS, config, luck(3)) == first


def test_a_stop_id_ends_its_row_and_is_not_included(make_model):
    model = make_model()
    ids = generate(model, [PROMPTS[1]], greedy(20), luck())[0].ids
    place = next(n for n, token in enumerate(ids) if token not in ids[:n] and n > 2)
    assert generate(model, [PROMPTS[1]], greedy(20), luck(), stop=[ids[place]]) == [Generation(ids[:place], "stop")]
    assert generate(model, [PROMPTS[1]], greedy(20), luck(), stop={ids[0]}) == [Generation([], "stop")]


def test_finished_keeps_its_last_id_and_sees_every_row(make_model):
    seen = {}

    def finished(row, ids):
        seen.setdefault(row, []).append(list(ids))
        return len(ids) == 4

    found = generate(make_model(), PROMPTS, greedy(20), luck(), finished=finished)
    assert [(len(made.ids), made.reason) for made in found] == [(4, "finished")] * 3
    assert seen == {row: [made.ids[:n] for n in (1, 2, 3, 4)] for row, made in enumerate(found)}


@pytest.mark.parametrize("temperature", [0, 3.0])
def test_banned_ids_are_never_drawn(make_model, temperature):
    model, banned = make_model(), list(range(0, 97, 2))
    config = SamplingConfig(temperature=temperature, max_new=60)
    free = [token for made in generate(model, PROMPTS, config, luck()) for token in made.ids]
    held = [token for made in generate(model, PROMPTS, config, luck(), banned=banned) for token in made.ids]
    assert set(free) & set(banned)
    assert not set(held) & set(banned)
    if temperature == 0:
        assert held[:60] == without_cache(model, PROMPTS[0], 60, banned)


def test_the_length_is_exact_and_no_prompt_is_no_row(make_model):
    model = make_model()
    for count in (1, 2, 33):
        found = generate(model, PROMPTS, greedy(count), luck())
        assert [(len(made.ids), made.reason) for made in found] == [(count, "length")] * 3


@pytest.mark.parametrize("prompts", [[[]], [[1], []]])
def test_an_empty_prompt_is_refused(make_model, refuses, prompts):
    refuses(["no tokens"], generate, make_model(), prompts, greedy(3), luck())


def test_streaming_gives_the_same_ids_one_by_one(make_model):
    model, config = make_model(), SamplingConfig(temperature=1.0, max_new=50)
    (whole,) = generate(model, [PROMPTS[1]], config, luck(5))
    assert list(stream(model, PROMPTS[1], config, luck(5))) == whole.ids
    stop = whole.ids[20]
    expected = generate(model, [PROMPTS[1]], config, luck(5), stop=[stop], banned=[whole.ids[0]])[0].ids
    assert list(stream(model, PROMPTS[1], config, luck(5), stop=[stop], banned=[whole.ids[0]])) == expected
    lazily = stream(model, PROMPTS[1], config, luck(5))
    assert [next(lazily), next(lazily)] == whole.ids[:2]


def test_the_model_is_left_as_it_was(make_model):
    model = make_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    prompts = [list(prompt) for prompt in PROMPTS]
    generate(model, prompts, greedy(40), luck())
    assert prompts == PROMPTS
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.is_grad_enabled()


def test_a_context_of_one_still_writes(make_model):
    model = make_model(context=1, position="learned", depth=1)
    assert len(generate(model, [[1, 2, 3]], greedy(5), luck())[0].ids) == 5


@pytest.mark.parametrize("feature", FEATURES, ids=str)
@pytest.mark.parametrize("temperature", [0, 1.0])
def test_either_cache_gives_the_same_ids(make_model, feature, temperature):
    """Rows leave, rows slide past the context, prompts are ragged."""
    model = make_model(**feature)
    prompts = [*PROMPTS, [n % 97 for n in range(40)], [3] * 32]
    config = SamplingConfig(temperature=temperature, top_k=20, top_p=0.9, max_new=60)

    def written(kind):
        return generate(model, prompts, config, luck(2), kind=kind, finished=lambda row, ids: len(ids) == 7 + 9 * row)

    assert written("static") == written("growing")
    assert list(stream(model, prompts[1], config, luck(5), kind="static")) == list(
        stream(model, prompts[1], config, luck(5))
    )
