import pytest
import torch

from llmlab.align.fit import align, reward_lacking
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import RewardConfig
from llmlab.artifacts.params import build
from llmlab.decode.sampling import SamplingConfig

TRAIN = {"steps": 24, "rows": 16, "lr": 0.02, "warmup": 1, "validate_every": 12, "checkpoint_every": 1000, "threads": 1,
         "weight_decay": 0.0}  # fmt: skip
STEPS = {"imitate": 48, "best-of": 48, "dpo": 48, "online-dpo": 40, "grpo": 40}


def recipe(method, **changes):
    values = {
        "method": method,
        "sampling": {"max_new": 3},
        "group": {"size": 4},
        # From random weights both answers of a pair become unlikely; that term is what is against it.
        "preference": {"beta": 0.5, "likelihood": 0.5},
        "ask": 32,
        "floor": 0.5,
        "train": {**TRAIN, "steps": STEPS[method], "rows": 8 if "dpo" in method else 16},
    }
    return build(AlignConfig, {**values, **changes}, "x")


def mean_reward(model, problems):
    return -reward_lacking(problems, SamplingConfig(temperature=0, max_new=3), RewardConfig())(model)


@pytest.mark.parametrize("method", STEPS)
def test_the_reward_rises(learner, problems, scratch, method):
    model = learner(dropout=0.3)
    before = mean_reward(model, problems)
    found = align(model, problems, problems, recipe(method), seed=3, scratch=scratch)
    assert mean_reward(model, problems) > before + 0.2
    assert -found.outcome.curve[-1]["val_loss"] == pytest.approx(mean_reward(model, problems), abs=1e-6)
    assert found.trained > 0
    assert (found.forward == 0) == (method == "imitate")
    assert found.compute == found.forward + 3 * found.trained
    rounds = {"imitate": 0, "best-of": 1, "dpo": 1, "online-dpo": 40, "grpo": 40}[method]
    assert len(found.history) == rounds


@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_the_same_seed_ends_with_the_same_bits(learner, problems, scratch, method):
    ends = []
    for number in range(2):
        model = learner()
        config = recipe(method, train={**TRAIN, "steps": 3, "rows": 8})
        ends.append(align(model, problems, problems, config, seed=3, scratch=scratch / str(number)).outcome.last)
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())


def test_without_advantage_and_without_decay_the_weights_stay(learner, problems, scratch):
    """Every answer worth the same: grpo has nothing to say, and the loop moves nothing."""
    model = learner()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flat = type(problems)(
        problems.tokenizer, problems.prompts, problems.answers, lambda *_: {"correct": 1.0}, problems.stop
    )
    found = align(model, flat, flat, recipe("grpo", train={**TRAIN, "steps": 3}), seed=3, scratch=scratch)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in before.items())
    assert [each["no_signal"] for each in found.history] == [1.0] * 3


def test_a_high_price_of_leaving_keeps_the_model_nearer(learner, problems, scratch):
    """Nearer by what both expect after each prompt: the divergence from the start, in nats."""
    left = []
    for kl in (0.0, 10.0):
        model = learner()
        prompts = torch.tensor(problems.prompts)
        start = model(prompts)[:, -1].log_softmax(-1).detach()
        config = recipe("grpo", group={"size": 4, "kl": kl}, train={**TRAIN, "lr": 0.01})
        align(model, problems, problems, config, seed=3, scratch=scratch / str(kl))
        end = model(prompts)[:, -1].log_softmax(-1).detach()
        left.append((end.exp() * (end - start)).sum(-1).mean().item())
    assert left[1] < 0.5 * left[0]


def test_nothing_to_prefer_is_refused(learner, problems, scratch, refuses):
    flat = type(problems)(
        problems.tokenizer, problems.prompts, problems.answers, lambda *_: {"correct": 0.0}, problems.stop
    )
    refuses(["better and a worse"], align, learner(), flat, flat, recipe("dpo"), seed=3, scratch=scratch)
    refuses(["good enough"], align, learner(), flat, flat, recipe("best-of"), seed=3, scratch=scratch)
