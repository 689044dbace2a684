import pytest

from llmlab.artifacts.documents import Document
from llmlab.evals.cloze import Cloze, chance, commonest, make_clozes, measure_clozes
from llmlab.evals.completion import make_prompts
from llmlab.evals.world import World, make_world

from .conftest import METHODS, class_text, document


@pytest.fixture(scope="module")
def world() -> World:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "m", "m\n\tself at: 1 put: (self at: 2). balance from: 1 to: 2. ^ self add: 3; add: 4")
        return make_world([document(class_text("Account", [*METHODS]), "smalltalk", "code")], [])


@pytest.fixture(scope="module")
def clozes(world: World, test_documents: list[Document]) -> list[Cloze]:
    return make_clozes(make_prompts(test_documents), world, 10, 4)


def test_one_gap_a_method_and_the_right_one_among_the_candidates(clozes: list[Cloze]) -> None:
    assert [cloze.selector for cloze in clozes] == ["+", "=", "with:", "balance"]
    for cloze in clozes:
        assert cloze.selector in cloze.candidates
        assert 1 < len(cloze.candidates) <= 4


def test_filled_with_the_right_one_it_is_the_document_again(
    clozes: list[Cloze], test_documents: list[Document]
) -> None:
    for cloze in clozes:
        header, _, method = cloze.filled(cloze.selector).partition("\n\n")
        assert test_documents[0].text.startswith(header)
        assert method in test_documents[0].text


def test_every_keyword_of_a_selector_is_replaced() -> None:
    cloze = Cloze(("a ", " 1 ", " 2"), "at:put:", "self", ("at:put:", "from:to:"))
    assert cloze.filled("from:to:") == "a from: 1 to: 2"


def test_whoever_knows_ranks_it_first(clozes: list[Cloze]) -> None:
    right = {cloze.filled(cloze.selector) for cloze in clozes}
    assert measure_clozes(clozes, lambda texts: [float(text in right) for text in texts])["top_1"] == 1.0
    assert measure_clozes(clozes, lambda texts: [-float(text in right) for text in texts])["top_1"] == 0.0


def test_equal_scores_are_chance(clozes: list[Cloze]) -> None:
    """A tie is no hit: it counts as drawing among those that are equal."""
    assert measure_clozes(clozes, lambda texts: [0.0] * len(texts)) == chance(clozes)
    assert chance(clozes)["top_5"] == 1.0


def test_the_baseline_knows_what_is_common_after_such_a_receiver(world: World) -> None:
    after_self = Cloze(("a ", " 1"), "add:", "self", ("add:", "or:"))
    after_send = Cloze(("a ", " 1"), "or:", "send", ("add:", "or:"))
    assert commonest([after_self, after_send], world.counts)["top_1"] == 1.0
