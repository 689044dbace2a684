import pytest

from llmlab.align.rewards import RewardConfig, concise, grade_answer, grade_code, total
from llmlab.evals.completion import Completion, Prompt
from llmlab.evals.world import make_world
from llmlab.smalltalk.records import ClassRecord
from llmlab.tasks.base import Example

SUM = Example("1", "arithmetic", "english", "What is 2 plus 3?", "5")
PROMPT = Prompt(
    "Class {…}\n\nAccount >> deposit: amount [",
    "deposit: amount",
    "\tbalance := balance + amount.\n\t^ self",
    owner=ClassRecord("Account", "Object", ("balance",)),
)
WORLD = make_world([], [])


def code(body, closed=True, training=()):
    return grade_code(Completion(PROMPT, body, closed), WORLD, set(training))


def test_an_answer_is_right_when_the_task_says_so_and_it_has_ended():
    assert grade_answer(SUM, "5", True) == {"correct": 1.0, "concise": 1.0}
    assert grade_answer(SUM, "5.", True)["correct"] == 1.0
    assert grade_answer(SUM, "6", True)["correct"] == 0.0
    assert grade_answer(SUM, "5", False) == {"correct": 0.0, "concise": 0.0}


def test_the_real_method_gets_everything():
    assert set(code(PROMPT.body).values()) == {1.0}


@pytest.mark.parametrize(
    ("body", "parses", "compiles"),
    [
        ("^ balance + amount", 1, 1),
        ("^ (balance + amount", 0, 0),
        ("^ interest * amount", 1, 0),  # nobody declares interest
        ("amount := 3", 1, 0),  # an argument cannot be assigned to
        ("^ Transcript show: amount", 1, 1),  # a global
    ],
)
def test_code_parses_and_compiles(body, parses, compiles):
    found = code(body)
    assert (found["parses"], found["compiles"]) == (parses, compiles)


def test_a_method_that_was_cut_off_is_worth_nothing_but_its_own_words():
    assert code("^ balance + amount", closed=False) == {
        "correct": 0.0, "parses": 0.0, "compiles": 0.0, "concise": 0.0, "original": 1.0
    }  # fmt: skip


def test_correct_is_likeness():
    near, far = code("balance := balance - amount.\n^ self")["correct"], code("^ 3 factorial")["correct"]
    assert 0 <= far < 0.3
    assert 0.8 < near < 1


def test_long_copies_are_not_original():
    copied = ("balance", ":=", "balance", "+", "amount", ".", "^", "self")
    assert code(PROMPT.body, training=[copied])["original"] == 0.0
    assert code("^ self", training=[("^", "self")])["original"] == 1.0


def test_length_counts_from_that_of_the_demonstration_on():
    assert [concise(n, 10, True) for n in (1, 10, 20, 30, 90)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert concise(0, 0, True) == 0.0


def test_weights_add_up_over_the_parts_that_are_there():
    config = RewardConfig(correct=2.0, parses=0.5, compiles=-1.0)
    assert total({"correct": 0.5, "parses": 1.0}, config) == 1.5
    assert total({"correct": 0.5, "parses": 1.0, "compiles": 1.0, "concise": 1.0}, config) == 0.5


def test_no_weight_at_all_is_refused(refuses):
    refuses(["weight"], RewardConfig, correct=0.0)
