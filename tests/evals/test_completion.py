from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.code import read_code
from llmlab.corpus.outcome import Kept
from llmlab.evals.completion import Completion, Prompt, complete, make_prompts, measure, spread, training_bodies
from llmlab.smalltalk.measure import code_tokens
from llmlab.smalltalk.parser import is_valid_method
from llmlab.smalltalk.rendering import parse_rendered

from .conftest import METHODS, class_text, document

BUNDLED = sorted((Path(__file__).parents[2] / "data/bundled/smalltalk").glob("*/*.class.st"))[::9]


@pytest.fixture(scope="module")
def classes() -> list[Document]:
    """Some real classes, and one whose methods are awkward: empty, ending in `$ `, brackets in strings and comments."""
    made = [document(class_text("Vault"), "smalltalk", "code")]
    for path in BUNDLED:
        outcomes = read_code(document(path.read_text(encoding="utf-8"), "smalltalk", "code"))
        made += [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]
    assert len(made) > 10
    return made


@pytest.fixture(scope="module")
def prompts(classes: list[Document]) -> list[Prompt]:
    return make_prompts(classes)


def test_every_method_of_every_class_is_asked_for(classes: list[Document], prompts: list[Prompt]) -> None:
    sources = [method.source for item in classes for method in parse_rendered(item.text).methods]
    assert [prompt.method.rstrip("\n") for prompt in prompts] == sources


def test_a_prompt_ends_right_before_the_body(classes: list[Document], prompts: list[Prompt]) -> None:
    """Header, blank line, category, signature, bracket: what stands in the document, but for the class comment."""
    owners = [item for item in classes for _ in parse_rendered(item.text).methods]
    for prompt, owner in zip(prompts, owners, strict=True):
        header, _, opening = prompt.text.partition("\n\n")
        assert owner.text.startswith(header + "\n")
        ending = f"\n{prompt.body}\n]" if prompt.body else "\n]"
        assert f"\n\n{opening}{ending}\n" in owner.text
        assert opening.endswith(f" >> {prompt.signature} [")
        assert "\n\n" not in opening


def test_only_smalltalk_code_is_asked_for() -> None:
    others = [document("A fox.", "english"), document("Object new", "smalltalk", "prose")]
    assert make_prompts(others) == []
    assert [prompt.signature for prompt in make_prompts([*others, document(class_text("A"), "smalltalk", "code")])] == [
        "close",
        "balance",
        "deposit: amount",
        "isEmpty",
        "dollar",
        "brackets",
        "+ other",
    ]


def test_the_comment_of_the_class_is_not_shown() -> None:
    with_comment, without = (class_text("A", comment=text) for text in ("I keep money.", ""))
    shown = [make_prompts([document(text, "smalltalk", "code")]) for text in (with_comment, without)]
    assert shown[0] == shown[1]


def test_real_bodies_measure_as_the_ceiling(prompts: list[Prompt]) -> None:
    figures = measure([Completion(prompt, prompt.body, True) for prompt in prompts], set())
    expected = {"valid": 1.0, "valid_high": 1.0, "cut_off": 0.0, "copied": 0.0, "exact": 1.0}
    assert {key: figures[key] for key in expected} == expected
    assert figures["edit_similarity"] == figures["selector_overlap"] == 1.0
    assert figures["completions"] == len(prompts)
    assert 0.95 < figures["valid_low"] < 1


def writes(texts: Sequence[str]) -> Callable[..., list[str]]:
    return lambda prompts, closed: list(texts)


def test_a_writer_of_the_real_text_reaches_the_ceiling(prompts: list[Prompt]) -> None:
    """Bodies are cut at their own bracket, whatever is written behind it."""
    texts = [f"\n{prompt.body}\n]\n\n{{ #category : #more }}\nA >> next [\n\t^ 1\n]\n" for prompt in prompts]
    completions = complete(prompts, writes(texts))
    assert all(item.closed for item in completions)
    assert measure(completions, set())["exact"] == 1.0
    assert measure(completions, set())["valid"] == 1.0


def test_the_writer_gets_the_prompts_and_is_told_when_a_method_has_closed(prompts: list[Prompt]) -> None:
    body = "\t^ ']' , (String with: $]) \"]\""
    told = []

    def write(texts: Sequence[str], closed: Callable[[int, str], bool]) -> list[str]:
        assert list(texts) == [prompt.text for prompt in prompts[:1]]
        whole = f"{body}\n] "
        told.extend(place for place in range(len(whole) + 1) if closed(0, whole[:place]))
        return [whole]

    (completion,) = complete(prompts[:1], write)
    assert told == [len(body) + 2, len(body) + 3]
    assert completion.body == body


@pytest.fixture
def prompt() -> Prompt:
    return Prompt("Class { #name : #A }\n\nA >> total [\n", "total", "\t^ items inject: 0 into: [ :a :b | a + b ]")


@pytest.mark.parametrize(
    ("text", "body", "closed", "valid"),
    [
        ("\t^ 1\n]", "\t^ 1", True, True),
        ("\t^ 1 ]", "\t^ 1", True, True),
        ("]", "", True, True),
        ("\t^ [ 1 ] value\n]\nmore", "\t^ [ 1 ] value", True, True),
        ("\t^ (1\n]", "\t^ (1", True, False),
        ("\t^ $ ]", "\t^ $ ", True, True),
        ("\t^ 1", "\t^ 1", False, False),
        ("\t^ [ 1\n]", "\t^ [ 1\n]", False, False),
        ("\t^ 'open\n]", "\t^ 'open\n]", False, False),
        ("", "", False, False),
    ],
)
def test_cut_off_and_broken_bodies_are_invalid(prompt: Prompt, text: str, body: str, closed: bool, valid: bool) -> None:
    (completion,) = complete([prompt], writes([text]))
    assert (completion.body, completion.closed, completion.valid) == (body, closed, valid)


def test_a_body_that_parses_but_never_closed_is_invalid(prompt: Prompt) -> None:
    assert is_valid_method("total\n\t^ 1")
    assert not Completion(prompt, "\t^ 1", False).valid
    assert Completion(prompt, "\t^ 1", True).valid


def test_planted_shares_are_found(prompt: Prompt) -> None:
    """Six bodies: the real one, two copies of a long training body, a short one, a broken one and one cut off."""
    long_copy = "\t^ items detect: [ :each | each isOpen ] ifNone: [ nil ]"
    bodies = [(prompt.body, True), (long_copy, True), (f'{long_copy} "said"', True), ("\t^ total", True)]
    bodies += [("\t^ (1", True), ("\t^ 1", False)]
    training = {tuple(code_tokens(long_copy)), tuple(code_tokens("^ total")), ("^", "2")}
    figures = measure([Completion(prompt, body, closed) for body, closed in bodies], training)
    assert figures["completions"] == 6
    assert figures["valid"] == round(4 / 6, 4)
    assert figures["cut_off"] == round(1 / 6, 4)
    assert figures["copied"] == round(3 / 6, 4)
    assert figures["copied_long"] == round(2 / 3, 4)
    assert figures["distinct"] == round(5 / 6, 4)
    assert figures["exact"] == round(1 / 6, 4)
    lengths = sorted(len(code_tokens(body)) for body, _ in bodies)
    assert figures["median_length"] == (lengths[2] + lengths[3]) / 2
    # Of the valid ones: the real selectors, none of them three times.
    assert figures["selector_overlap"] == round(1 / 4, 4)
    assert figures["valid_low"] < figures["valid"] < figures["valid_high"]


def test_likeness_by_hand() -> None:
    """Real tokens `^ a + b`; written `^ a - b c`: one replaced, one inserted, of five."""
    real = Prompt("", "sum", "\t^ a + b")
    figures = measure([Completion(real, "\t^ a - b c", True)], set())
    assert figures["exact"] == 0.0
    assert figures["edit_similarity"] == round(1 - 2 / 5, 4)
    assert figures["selector_overlap"] == 0.0
    nothing_sent = measure([Completion(Prompt("", "one", "\t^ 1"), "\t^ 2", True)], set())
    assert nothing_sent["selector_overlap"] == 1.0


def test_layout_and_comments_make_no_difference_to_exactness(prompt: Prompt) -> None:
    written = '\t"sum" ^   items\n\t\tinject: 0 into:[:a :b|a + b]'
    assert measure([Completion(prompt, written, True)], set())["exact"] == 1.0


def test_no_completions_are_no_numbers() -> None:
    figures = measure([], set())
    assert figures["completions"] == 0
    assert all(figures[key] is None for key in ("valid", "copied", "distinct", "exact", "selector_overlap"))


def test_training_bodies_are_those_of_the_prompts() -> None:
    bodies = training_bodies([document(class_text("A", ["balance", "deposit:"]), "smalltalk", "code")])
    assert bodies == {("^", "balance"), tuple(code_tokens(METHODS["deposit:"].partition("\n")[2]))}


@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (10, 3, [0, 3, 6]), (10, 1, [0]), (10, 0, [])],
)
def test_spread_takes_from_the_whole_list(size: int, count: int, expected: list[int]) -> None:
    assert spread(range(size), count) == expected
