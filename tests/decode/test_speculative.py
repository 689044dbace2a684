import itertools

import pytest
import torch

from llmlab.decode import engine, speculative
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig, probabilities
from llmlab.decode.speculative import Draft, Guess, Lookup, accepted, rounds, stream

FEATURES = [
    {},
    {"window": 5},
    {"position": "learned"},
    {"kv_heads": 1, "ngram_rows": 61, "smear": 2, "embedding_norm": True},
]
PROMPT = [1, 2, 3, 4, 1, 2, 3]
ENOUGH = 1e-4  # a fair die fails a test once in ten thousand seeds; the seeds are fixed


def luck(seed=0):
    return torch.Generator().manual_seed(seed)


def chance(counts, expected):
    """Pearson's chi-square test: how often a true hypothesis is as far off. Cells of less than 5 are one cell."""
    counts, expected = counts.double().flatten(), expected.double().flatten() / expected.sum() * counts.sum()
    few = expected < 5
    if counts[expected == 0].sum() > 0:
        return 0.0
    pairs = [(counts[~few], expected[~few])]
    if few.any() and expected[few].sum() > 0:
        pairs.append((counts[few].sum()[None], expected[few].sum()[None]))
    seen, wanted = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    statistic = ((seen - wanted).square() / wanted).sum()
    return torch.special.gammaincc(torch.tensor((len(seen) - 1) / 2, dtype=torch.float64), statistic / 2).item()


def keep_all(p_MV, guess, generator):
    return [*guess.ids, int(torch.multinomial(p_MV[-1], 1, generator=generator))]


def redraw_from_p(p_MV, guess, generator):
    """The mistake that is made most often: a guess refused, and its replacement drawn from p itself."""
    for place, token in enumerate(guess.ids):
        if torch.rand((), generator=generator) * guess.q_NV[place, token] >= p_MV[place, token]:
            return [*guess.ids[:place], int(torch.multinomial(p_MV[place], 1, generator=generator))]
    return keep_all(p_MV, guess, generator)


def drawn_once(rule, p_MV, q_NV, generator):
    """Two guesses drawn from q and judged; the first two ids, or the first and a number for none."""
    ids = torch.multinomial(q_NV, 1, generator=generator).squeeze(-1).tolist()
    kept = rule(p_MV, Guess(ids, q_NV), generator)
    return kept[0], kept[1] if len(kept) > 1 else None


def first_and_second(rule, seed, draws):
    generator = luck(seed)
    p_MV, q_NV = torch.rand(3, 6, generator=generator) ** 3, torch.rand(2, 6, generator=generator) ** 3
    p_MV, q_NV = p_MV / p_MV.sum(-1, keepdim=True), q_NV / q_NV.sum(-1, keepdim=True)
    first, second = torch.zeros(6), torch.zeros(6)
    for _ in range(draws):
        one, two = drawn_once(rule, p_MV, q_NV, generator)
        first[one] += 1
        if two is not None:
            second[two] += 1
    return chance(first, p_MV[0]), chance(second, p_MV[1])


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_kept_is_distributed_as_the_model_says(seed):
    assert min(first_and_second(accepted, seed, 3000)) > ENOUGH


@pytest.mark.parametrize("rule", [keep_all, redraw_from_p])
def test_broken_rules_fail_that_test(rule):
    assert min(first_and_second(rule, 0, 3000)) < ENOUGH


def test_the_share_that_is_kept_is_what_the_distributions_share():
    """Leviathan et al., corollary 3.6: sum of min(p, q)."""
    generator = luck(3)
    p, q = torch.rand(8, generator=generator), torch.rand(8, generator=generator)
    p, q = p / p.sum(), q / q.sum()
    kept = 0
    for _ in range(1000):
        ids = torch.multinomial(q, 1, generator=generator).tolist()
        kept += len(accepted(torch.stack((p, p)), Guess(ids, q[None]), generator)) == 2
    assert kept / 1000 == pytest.approx(torch.minimum(p, q).sum().item(), abs=0.05)


def test_equal_distributions_keep_everything():
    p = torch.tensor([0.25, 0.0, 0.75])
    for seed in range(20):
        assert accepted(torch.stack((p, p)), Guess([0], p[None]), luck(seed))[0] == 0
    lacking = torch.tensor([1.0, 0.0, 0.0])
    assert accepted(torch.stack((lacking, lacking)), Guess([2], torch.tensor([[0, 0, 1.0]])), luck()) == [0]


TINY = {"depth": 1, "width": 16, "head_size": 8, "context": 16}
WARM = SamplingConfig(temperature=1.2, top_k=3, max_new=2)


def exact(model, prompt, config):
    """The probability of each continuation of `max_new` ids, one axis of V an id."""
    size, length = model.vocab_size, config.max_new
    rows = torch.tensor([[*prompt, *more] for more in itertools.product(range(size), repeat=length)])
    with torch.no_grad():
        logits = model(rows)[:, len(prompt) - 1 : -1]
    steps = probabilities(logits.flatten(0, 1), config).view(len(rows), length, size)
    return steps.gather(2, rows[:, len(prompt) :, None]).prod(dim=1).view([size] * length)


def sampled(model, prompt, config, guesser, runs, ahead=2):
    counts, generator = torch.zeros([model.vocab_size] * config.max_new), luck(7)
    for _ in range(runs):
        ids = tuple(stream(model, prompt, config, generator, guesser, ahead=ahead))
        counts[ids] += 1
    return counts


def guessers(make_model, config):
    return {
        "draft": Draft(make_model(vocab=5, seed=1, noise=0.4, **TINY), config),
        "lookup": Lookup(5, longest=1),
    }


@pytest.mark.parametrize("who", ["draft", "lookup"])
def test_whole_continuations_are_distributed_as_plain_sampling(make_model, who):
    model = make_model(vocab=5, noise=0.5, **TINY)
    counts = sampled(model, [1, 2, 1], WARM, guessers(make_model, WARM)[who], 250)
    assert chance(counts, exact(model, [1, 2, 1], WARM)) > ENOUGH


def test_the_test_of_continuations_sees_a_broken_rule(make_model, monkeypatch):
    monkeypatch.setattr(speculative, "accepted", keep_all)
    model = make_model(vocab=5, noise=0.5, **TINY)
    counts = sampled(model, [1, 2, 1], WARM, guessers(make_model, WARM)["draft"], 250)
    assert chance(counts, exact(model, [1, 2, 1], WARM)) < ENOUGH


@pytest.mark.slow
@pytest.mark.parametrize("who", ["draft", "lookup"])
def test_many_continuations_are_distributed_as_plain_sampling(make_model, who):
    model, config = make_model(vocab=5, noise=0.5, **TINY), SamplingConfig(temperature=0.9, max_new=3)
    plain, generator = torch.zeros(5, 5, 5), luck(8)
    for made in engine.generate(model, [[1, 2, 1]] * 2500, config, generator):
        plain[tuple(made.ids)] += 1
    counts = sampled(model, [1, 2, 1], config, guessers(make_model, config)[who], 2500, ahead=3)
    truth = exact(model, [1, 2, 1], config)
    assert chance(plain, truth) > ENOUGH
    assert chance(counts, truth) > ENOUGH


@pytest.mark.parametrize("feature", FEATURES, ids=str)
def test_greedy_ids_are_those_of_the_engine_past_the_context_too(make_model, feature):
    model, config = make_model(**feature), SamplingConfig(temperature=0, max_new=45)
    short, long = PROMPT, [n % 97 for n in range(40)]
    ways = [
        (short, model, Lookup(97)),
        (short, model, Draft(make_model(seed=1), config)),
        (long, Reader(model), Draft(model, config, kind="growing")),
    ]
    for prompt, reads, guesser in ways:
        (expected,) = engine.generate(model, [prompt], config, luck())
        assert list(stream(reads, prompt, config, luck(), guesser, ahead=3)) == expected.ids


def test_a_perfect_draft_is_always_kept(make_model):
    model = make_model()
    for temperature in (0, 1.0):
        config = SamplingConfig(temperature=temperature, max_new=20)
        found = list(rounds(model, PROMPT, config, luck(), Draft(model, config), ahead=4))
        assert [len(each.ids) for each in found] == [5, 5, 5, 5]
        assert [each.guessed for each in found] == [4, 4, 4, 4]


def test_it_never_writes_more_than_asked(make_model):
    model = make_model()
    for count in (1, 2, 7, 40):
        config = SamplingConfig(temperature=1.0, max_new=count)
        assert len(list(stream(model, PROMPT, config, luck(), Draft(model, config), ahead=6))) == count


def test_a_stop_id_ends_it_wherever_it_stands_in_a_round(make_model):
    model, config = make_model(), SamplingConfig(temperature=0, max_new=20)
    (whole,) = engine.generate(model, [PROMPT], config, luck())
    for place in range(1, 9, 2):
        end = whole.ids.index(whole.ids[place])
        found = stream(model, PROMPT, config, luck(), Draft(model, config), stop={whole.ids[place]})
        assert list(found) == whole.ids[:end]


def test_banned_ids_are_never_written(make_model):
    model, banned = make_model(), list(range(0, 97, 2))
    config = SamplingConfig(temperature=3.0, max_new=60)
    for guesser in (Lookup(97), Draft(make_model(seed=1), config, banned)):
        assert not set(stream(model, PROMPT, config, luck(), guesser, banned=banned)) & set(banned)


def test_equal_seeds_write_the_same(make_model):
    model, config = make_model(), SamplingConfig(temperature=1.0, max_new=30)

    def written(seed):
        return list(stream(model, PROMPT, config, luck(seed), Draft(make_model(seed=1), config)))

    assert written(1) == written(1) != written(2)


def test_a_draft_of_a_shorter_context_keeps_up(make_model):
    model, config = make_model(), SamplingConfig(temperature=0, max_new=40)
    (expected,) = engine.generate(model, [PROMPT], config, luck())
    short = make_model(seed=1, context=8)
    assert list(stream(model, PROMPT, config, luck(), Draft(short, config), ahead=3)) == expected.ids
    assert list(stream(model, PROMPT, config, luck(), Draft(make_model(context=1), config))) == expected.ids


@pytest.mark.parametrize(
    ("ids", "count", "expected"),
    [
        ([1, 2, 3, 9, 1, 2, 3], 2, [9, 1]),
        ([1, 2, 3, 9, 5, 2, 3, 8, 1, 2, 3], 1, [9]),
        ([7, 3, 4, 8, 3, 5, 6, 3], 2, [5, 6]),
        ([4, 4, 4], 5, [4]),
        ([1, 2, 3], 4, []),
        ([1], 4, []),
        ([1, 1], 0, []),
    ],
)
def test_looking_up_what_followed_before(ids, count, expected):
    guess = Lookup(10).guess(ids, count, luck())
    assert guess.ids == expected
    assert guess.q_NV.argmax(-1).tolist() == expected
    assert guess.q_NV.sum(-1).tolist() == [1.0] * len(expected)


def test_repeated_text_takes_fewer_readings(make_model):
    """A model that repeats itself, as an untrained one does at temperature 0 in the end."""
    config = SamplingConfig(temperature=0, max_new=100)
    found = list(rounds(make_model(context=256), PROMPT, config, luck(), Lookup(97)))
    assert sum(len(each.ids) for each in found) == 100
    assert len(found) < 70


def test_an_empty_prompt_is_refused(make_model, refuses):
    config = SamplingConfig(max_new=3)
    refuses(["no tokens"], lambda: list(stream(make_model(), [], config, luck(), Lookup(97))))
