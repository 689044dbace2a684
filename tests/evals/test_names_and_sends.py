import time
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.code import read_code
from llmlab.corpus.outcome import Kept
from llmlab.evals.completion import Completion, bodies_of, make_prompts, measure
from llmlab.evals.names_and_sends import measure_names_and_sends
from llmlab.evals.world import World, make_world

from .conftest import class_text, document

BUNDLED = sorted((Path(__file__).parents[2] / "data/bundled/smalltalk").glob("*/*.class.st"))


@pytest.fixture(scope="module")
def world(train_documents: list[Document], test_documents: list[Document]) -> World:
    return make_world(train_documents, test_documents)


def completed(*bodies: str, closed: bool = True) -> list[Completion]:
    prompt = next(p for p in make_prompts([document(class_text("Vault"), "smalltalk", "code")]) if "deposit" in p.text)
    return [Completion(prompt, body, closed) for body in bodies]


def test_real_methods_are_sound_and_understood(world: World, test_documents: list[Document]) -> None:
    """All but the call of a method that the made class does not have."""
    prompts = make_prompts(test_documents)
    figures = measure_names_and_sends([Completion(p, p.body, True) for p in prompts], world)
    assert figures["name_sound"] == figures["sound_of_all"] == 1.0
    assert figures["messages"] == 8
    assert figures["known"] == 0.875  # isClosed


def test_unsound_and_invalid_methods_count_apart(world: World) -> None:
    figures = measure_names_and_sends(completed("\t^ amount", "\t^ total", "\t^ (amount", "\t^ balance"), world)
    assert figures["name_sound"] == round(2 / 3, 4)
    assert figures["sound_of_all"] == 0.5


def test_a_message_is_known_understood_or_neither(world: World) -> None:
    body = "\tself deposit: 3. self flyAway. self asUppercase. amount asUppercase. 'a' asUppercase"
    figures = measure_names_and_sends(completed(body), world)
    assert figures["messages"] == 5
    assert figures["known"] == 0.8
    assert figures["decided"] == 0.8
    assert figures["understood"] == 0.5


def test_keywords_of_known_selectors_in_an_unknown_order(world: World) -> None:
    body = "\tamount at: 1 put: 2. amount put: 1 at: 2. amount at: 1 do: 2. amount fly: 1 away: 2"
    assert measure_names_and_sends(completed(body), world)["keyword_order"] == round(1 / 3, 4)


def test_nothing_written_has_no_figures(world: World) -> None:
    figures = measure_names_and_sends(completed("\t^ 3", closed=False), world)
    assert figures["name_sound"] is figures["known"] is figures["understood"] is figures["keyword_order"] is None
    assert figures["sound_of_all"] == 0.0


def test_ten_thousand_methods_a_minute_on_one_core() -> None:
    """Everything that is measured of a completion, on real methods; counted in this process's own seconds."""
    kept = [
        outcome.document
        for path in BUNDLED[::16]
        for outcome in read_code(document(path.read_text(encoding="utf-8"), "smalltalk", "code"))
        if isinstance(outcome, Kept)
    ]
    prompts = make_prompts(kept)
    items, training, world = [Completion(p, p.body, True) for p in prompts], bodies_of(prompts), make_world(kept, [])
    assert len(items) > 100
    started = time.process_time()
    measure(items, training)
    measure_names_and_sends(items, world)
    assert len(items) / (time.process_time() - started) > 10_000 / 60
