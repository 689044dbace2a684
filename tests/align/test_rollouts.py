import torch

from llmlab.align.rewards import RewardConfig
from llmlab.align.rollouts import forward_positions, roll_out
from llmlab.decode.sampling import SamplingConfig
from llmlab.tokenizer.special import END

DRAW = SamplingConfig(temperature=1.0, max_new=3)


def drawn(model, problems, seed=1, numbers=(0, 0, 3, 5)):
    generator = torch.Generator().manual_seed(seed)
    return roll_out(model, problems, numbers, DRAW, RewardConfig(correct=2.0), generator)


def test_answers_are_graded_and_end_as_demonstrations_do(learner, problems, digits):
    found = drawn(learner(), problems)
    assert [each.problem for each in found] == [0, 0, 3, 5]
    end = digits.special[END]
    for each in found:
        assert 1 <= len(each.ids) <= 4
        assert each.ended == (each.ids[-1] == end)
        assert digits.decode(each.ids) == each.text
        assert each.reward == 2 * each.parts["correct"]
        assert not problems.banned & set(each.ids)


def test_the_same_generator_draws_the_same_and_the_mode_is_left(learner, problems):
    model = learner(dropout=0.5).train()
    assert drawn(model, problems) == drawn(model, problems) != drawn(model, problems, seed=2)
    assert model.training


def test_positions_count_prompts_and_answers(learner, problems):
    found = drawn(learner(), problems)
    assert forward_positions(problems, found) == sum(2 + len(each.ids) for each in found)
