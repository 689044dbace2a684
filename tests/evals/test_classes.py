import pytest

from llmlab.artifacts.documents import Document
from llmlab.evals.classes import class_prompts, cut_classes, measure_classes, write_classes
from llmlab.evals.completion import training_bodies
from llmlab.evals.world import World, make_world
from llmlab.tokenizer.base import Tokenizer

from .conftest import class_text, document


@pytest.fixture(scope="module")
def world(train_documents: list[Document], test_documents: list[Document]) -> World:
    return make_world(train_documents, test_documents)


def test_a_class_is_asked_for_by_its_name(test_documents: list[Document]) -> None:
    (prompt,) = class_prompts(test_documents, 5)
    assert prompt.text == "Class { #name : #Vault,"
    assert prompt.real == test_documents[0].text


def test_a_class_in_two_documents_is_not_asked_for() -> None:
    halves = [document(class_text("Vault", [name]), "smalltalk", "code") for name in ("balance", "close")]
    whole = document(class_text("Purse"), "smalltalk", "code")
    assert [prompt.real for prompt in class_prompts([*halves, whole], 5)] == [whole.text]


def test_real_classes_hang_together(test_documents: list[Document], world: World) -> None:
    prompts = class_prompts(test_documents, 5)
    figures = measure_classes([prompt.real for prompt in prompts], prompts, world, set())
    assert figures["classes"] == 1
    assert figures["methods"] == 7.0
    for check in (
        "header",
        "methods_valid",
        "own_class",
        "selectors_unique",
        "names_sound",
        "variables_used",
        "getters",
    ):
        assert figures[check] == 1.0
    assert figures["self_sends"] == 0.5  # the made class sends isClosed, which nobody has
    assert figures["creators"] is None


def test_what_a_writer_wrote_is_judged(test_documents: list[Document], world: World) -> None:
    prompts = class_prompts(test_documents, 5)
    written = write_classes(prompts, lambda texts, closed: [" #superclass : #Nowhere }\n\nVault >> a [\n\t^ b\n]\n"])
    assert written[0].startswith("Class { #name : #Vault, #superclass")
    figures = measure_classes(written, prompts, world, set())
    assert (figures["header"], figures["methods_valid"], figures["names_sound"]) == (0.0, 1.0, 0.0)


def test_copies_of_training_bodies_are_counted(
    train_documents: list[Document], test_documents: list[Document], world: World
) -> None:
    """The held-out class has the methods of a training class."""
    prompts = class_prompts(test_documents, 5)
    real = [prompt.real for prompt in prompts]
    assert measure_classes(real, prompts, world, training_bodies(train_documents))["copied_long"] == 1.0
    assert measure_classes(real, prompts, world, set())["copied_long"] == 0.0


def test_real_classes_can_be_cut_to_the_same_length(
    test_documents: list[Document], world: World, tokenizer: Tokenizer
) -> None:
    prompts = class_prompts(test_documents, 5)
    (cut,) = cut_classes(prompts, tokenizer, 200)
    assert prompts[0].real.startswith(cut)
    assert len(tokenizer.encode(cut.removeprefix(prompts[0].text))) <= 200
    figures = measure_classes([cut], prompts, world, set())
    assert figures["methods_valid"] == 1.0
    assert 0 < figures["methods"] < 7
