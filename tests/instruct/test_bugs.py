import random

from llmlab.artifacts.documents import Document
from llmlab.instruct.bugs import fixes
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import is_valid_method, parse_method
from llmlab.smalltalk.rendering import parse_rendered

from .turns import turns_of

BEGINNING = "This Smalltalk method has a defect. Name it and mend it.\n\n"
# How `alter_method` begins the names of bugs that still parse.
ALTERED = ("Two arguments of", "A condition is negated", "A number is off by one", "A return is missing")


def parts(document: Document, most: int = 600, seed: int = 1) -> list[tuple[str, str, str]]:
    """Broken method, named defect, mended method."""
    found = []
    for example in fixes(document, most, random.Random(seed)):
        question, answer = turns_of(example)
        defect, mended = answer.split(".\n\n", 1)
        found.append((question.removeprefix(BEGINNING), defect, mended))
    return found


def test_answers_are_methods_of_the_class_and_valid(classes: list[Document]) -> None:
    for document in classes:
        sources = [method.source for method in parse_rendered(document.text).methods]
        mended = [method for _, _, method in parts(document)]
        assert mended == [source for source in sources if source in mended]
        assert all(map(is_valid_method, mended))


def test_what_the_defect_promises_is_so(classes: list[Document]) -> None:
    """A broken method does not parse; an altered one parses to another tree; both kinds occur about as often."""
    altered = broken = 0
    for document in classes:
        for question, defect, mended in parts(document):
            assert question != mended
            if defect.startswith(ALTERED):
                assert not same_tree(parse_method(question), parse_method(mended))
                altered += 1
            else:
                assert not is_valid_method(question)
                broken += 1
    assert altered + broken > 100
    assert 0.3 < altered / (altered + broken) < 0.55


def test_no_answer_is_longer_than_asked(classes: list[Document]) -> None:
    for document in classes:
        answers = [turns_of(example)[1] for example in fixes(document, 120, random.Random(1))]
        assert all(len(answer) <= 120 for answer in answers)
    assert sum(len(parts(document, 120)) for document in classes) > 50
    assert sum(len(parts(document, 120)) for document in classes) < sum(len(parts(document)) for document in classes)


def test_the_defect_is_a_sentence(classes: list[Document]) -> None:
    for document in classes:
        for _, defect, _ in parts(document):
            assert defect[0].isupper()
            assert 10 < len(defect) < 200


def test_the_generator_fixes_the_defects(classes: list[Document]) -> None:
    document = max(classes, key=lambda each: len(each.text))
    assert parts(document, seed=1) == parts(document, seed=1)
    assert parts(document, seed=1) != parts(document, seed=2)
