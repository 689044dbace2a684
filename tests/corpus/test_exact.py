import random
from collections.abc import Callable
from dataclasses import replace

from llmlab.artifacts.documents import Document
from llmlab.corpus.exact import exact_key, find_exact, id_number, id_text

Make = Callable[..., Document]


def test_blanks_and_outside_code_case_do_not_count(make: Make) -> None:
    assert exact_key(make("Hello  there")) == exact_key(make("hello\nthere"))
    assert exact_key(make("Hello", kind="code")) != exact_key(make("hello", kind="code"))
    assert exact_key(make("a  b", kind="code")) == exact_key(make("a\n\tb", kind="code"))
    assert exact_key(make("pain")) != exact_key(make("pain", lang="french"))


def test_the_groups_are_those_of_the_keys(make: Make) -> None:
    """Against a dictionary of them."""
    rng = random.Random(1)
    texts = [f"{rng.choice(('a', 'A'))}{' ' * rng.randint(1, 3)}{rng.randint(0, 60)}" for _ in range(200)]
    documents = [make(text, path=str(place)) for place, text in enumerate(texts)]
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(exact_key(document), []).append(document)
    leaders = [min(group, key=lambda document: document.id) for group in groups.values()]
    found = find_exact(iter(documents))
    assert [document for document, first in zip(documents, found.first, strict=True) if first] == sorted(
        leaders, key=documents.index
    )
    shared = [(one.id, min(each.id for each in group)) for group in groups.values() if len(group) > 1 for one in group]
    assert sorted(found.copies) == sorted(shared)
    assert len(shared) > 100
    assert found.characters == sum(len(leader.text) for leader in leaders)


def test_nothing_and_one(make: Make) -> None:
    assert find_exact([]).copies == []
    assert find_exact([make("only")]).first.tolist() == [True]


def test_an_id_and_its_number(make: Make) -> None:
    low = replace(make("a"), id="000000000000000f")
    assert id_text(id_number(low.id)) == low.id
    assert id_number(low.id) < id_number("f" * 16)
