import pytest
import torch

from llmlab.align.rewards import RewardConfig
from llmlab.align.rounds import FIGURES, Drawing, Rounds
from llmlab.decode.sampling import SamplingConfig


@pytest.fixture
def drawing(problems):
    return Drawing(problems, SamplingConfig(temperature=1.0, max_new=3), RewardConfig(), 4, 9)


def test_a_round_asks_each_prompt_as_often_as_a_group_is_large(learner, drawing):
    rounds = Rounds(learner(), drawing, 16)
    found = [each.problem for number in range(2) for each in rounds.draw(number)]
    groups = [found[first : first + 4] for first in range(0, 32, 4)]
    assert all(len(set(group)) == 1 for group in groups)
    assert sorted(group[0] for group in groups) == list(range(8))


def test_what_is_drawn_depends_on_number_and_model_alone(learner, drawing):
    model = learner()
    one, other = Rounds(model, drawing, 16), Rounds(model, drawing, 16)
    one.draw(0)
    assert one.draw(1) == other.draw(1)
    assert one.draw(1) != other.draw(2)


def test_the_history_has_the_figures_of_each_round_and_comes_back(learner, drawing):
    rounds = Rounds(learner(), drawing, 8)
    found = rounds.draw(0)
    rounds.draw(1)
    rounds.count(5, 7)
    assert len(rounds.history) == 2
    assert rounds.history[0]["reward"] == pytest.approx(sum(each.reward for each in found) / 8)
    groups = [{each.reward for each in found[first : first + 4]} for first in (0, 4)]
    assert rounds.history[0]["no_signal"] == sum(len(group) == 1 for group in groups) / 2
    assert (rounds.history[1]["trained"], rounds.history[0]["trained"]) == (7, 0)
    again = Rounds(learner(), drawing, 8)
    again.hold(rounds.held())
    assert again.history == rounds.history
    rounds.draw(1)
    assert len(rounds.history) == 2
    assert set(rounds.history[1]) == set(FIGURES)
    assert rounds.held()["history"].dtype is torch.float64


def test_a_group_cut_in_two_is_refused(learner, drawing, refuses):
    refuses(["rows 6", "4 answers"], Rounds, learner(), drawing, 6)
