from llmlab.align.problems import questions
from llmlab.align.rewards import grade_answer
from llmlab.tasks.base import Example
from llmlab.tokenizer.chat import encode_prompt
from llmlab.tokenizer.special import ASSISTANT, END

SUMS = [Example(str(n), "arithmetic", "english", f"What is {n} plus 1?", str(n + 1)) for n in range(3)]


def test_a_question_is_a_chats_first_turn(tokenizer):
    found = questions(tokenizer, SUMS, grade_answer)
    assert found.prompts[1] == encode_prompt(tokenizer, "english", [{"role": "user", "content": "What is 1 plus 1?"}])
    assert found.prompts[1][-1] == tokenizer.special[ASSISTANT]
    assert found.answers[1] == [*tokenizer.encode("2"), tokenizer.special[END]]
    assert found.grade(1, "2", True)["correct"] == 1.0
    assert found.grade(2, "2", True)["correct"] == 0.0


def test_an_answer_holds_no_special_token_but_its_end(tokenizer):
    found = questions(tokenizer, SUMS, grade_answer)
    assert found.stop == {tokenizer.special[END]}
    assert found.banned == set(tokenizer.special.values()) - {tokenizer.special[END]}


def test_the_first_of_them(tokenizer):
    found = questions(tokenizer, SUMS, grade_answer).first(2)
    assert len(found.prompts) == len(found.answers) == 2
    assert found.grade(1, "2", True)["correct"] == 1.0


def test_no_example_is_refused(tokenizer, refuses):
    refuses(["no example"], questions, tokenizer, [], grade_answer)
