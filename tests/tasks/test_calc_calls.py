from llmlab.tasks.calc_calls import CalcCalls
from llmlab.tasks.traced import LANGUAGES, trace_of
from llmlab.tools.calculator import value_of


def test_numbers_stand_in_the_question_and_differences_are_not_negative() -> None:
    for lang in LANGUAGES:
        for example in CalcCalls().examples(lang, "train", 200, 1):
            (step,) = trace_of(example).steps
            assert step.tool == "calc"
            assert value_of(step.argument) == int(example.answer) >= 0
            numbers = [part for part in step.argument.replace("(", "").replace(")", "").split() if part.isdigit()]
            assert all(number in example.prompt for number in numbers)
