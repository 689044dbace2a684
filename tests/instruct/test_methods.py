from llmlab.artifacts.documents import Document
from llmlab.instruct.methods import completions, split_method
from llmlab.smalltalk.parser import is_valid_method
from llmlab.smalltalk.rendering import method_end, parse_rendered, render_method

from .turns import turns_of

BEGINNING = "Complete this Smalltalk method.\n\n"


def test_there_is_one_example_per_method_whose_body_is_short_enough(classes: list[Document]) -> None:
    for document in classes:
        bodies = [split_method(render_method(method))[1] for method in parse_rendered(document.text).methods]
        for most in (10, 80, 600):
            answers = [turns_of(example)[1] for example in completions(document, most)]
            assert answers == [body for body in bodies if len(body) <= most]


def test_question_and_answer_together_are_the_method_of_the_class(classes: list[Document]) -> None:
    """Header, signature with its bracket, and the body up to the bracket that closes it: a valid method again."""
    seen = 0
    for document in classes:
        methods = iter(parse_rendered(document.text).methods)
        for example in completions(document, 10_000):
            question, answer = turns_of(example)
            header, signature = question.removeprefix(BEGINNING).split("\n\n")
            method = next(methods)
            assert document.text.startswith(f"{header}\n")
            assert render_method(method).endswith(f"{signature}\n{answer}")
            assert signature.endswith(" [")
            assert method_end(answer, 0) == len(answer)
            pattern = signature.removesuffix(" [").split(" >> ", 1)[1]
            assert is_valid_method(f"{pattern}\n{answer.removesuffix(']')}")
            assert (example.lang, example.kind, example.document) == ("smalltalk", "completion", document.id)
            seen += 1
    assert seen > 100


def test_the_class_comment_is_not_in_the_question(classes: list[Document]) -> None:
    commented = [each for each in classes if parse_rendered(each.text).comment]
    assert commented
    for document in commented:
        comment = parse_rendered(document.text).comment
        assert all(comment not in turns_of(example)[0] for example in completions(document, 600))


def test_a_method_is_cut_behind_its_opening_bracket() -> None:
    assert split_method("{ #category : #a }\nA >> b: c [\n\t^ [ c ]\n]") == ("A >> b: c [", "\t^ [ c ]\n]")
    assert split_method("A class >> new [\n]") == ("A class >> new [", "]")
