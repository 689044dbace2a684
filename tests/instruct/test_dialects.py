"""Every kind of example from methods that only some dialects read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus.grammar import grammar
from llmlab.instruct.base import InstructConfig
from llmlab.instruct.mixture import KINDS, build
from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import RenderingError, parse_rendered, render_class

LINES = (Path(__file__).parents[1] / "smalltalk" / "fixtures" / "dialect_methods.txt").read_text(encoding="utf-8")
METHODS = [line.partition("\t")[0].replace("\\n", "\n") for line in LINES.splitlines()]
EVERY = replace(
    InstructConfig(**dict.fromkeys([each for each in KINDS if each != "chat"], 10_000), tasks=0),  # type: ignore[arg-type]
    max_bytes=100_000,
    max_characters=100_000,
    same_answer=1000,
)


def written(dialect: str) -> Iterator[Document]:
    """A class for each method that is at home in a dialect, with a comment, so that there is something to ask."""
    parse = grammar(dialect)
    for number, source in enumerate(METHODS):
        methods = tuple(
            MethodRecord(class_name="Odd", side="instance", protocol="", selector=name, source=text)
            for name, text in (
                ("foo", source),
                ("sum", 'sum\n\t"Add all of my parts up."\n\n\t^ self all sum: 3 by: 4'),
            )
        )
        try:
            text = render_class(
                ClassRecord(name=f"Odd{number}", superclass="Object", comment="I am odd.", methods=methods), parse
            )
            parse_rendered(text, parse)
        except (SmalltalkSyntaxError, RenderingError):
            continue
        yield make_document(lang="smalltalk", kind="code", text=text, source="s", group="g", meta={"dialect": dialect})


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_kind_is_made_from_whatever_a_dialect_reads(dialect: str) -> None:
    documents = list(written(dialect))
    assert len(documents) > 40
    made = build(documents, "train", EVERY, ["smalltalk"], 1).examples
    assert {each.kind for each in made} >= {"completion", "infilling", "fixing", "cloze", "generation", "reading"}


def test_a_method_of_another_dialect_is_not_read_as_pharos() -> None:
    """The test above can fail: some of its methods are none to Pharo."""
    documents = list(written("gemstone"))
    with pytest.raises(RenderingError):
        build([replace(each, meta="{}") for each in documents], "train", EVERY, ["smalltalk"], 1)
