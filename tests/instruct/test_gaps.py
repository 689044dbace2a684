import random
from collections.abc import Callable

from llmlab.artifacts.documents import Document
from llmlab.instruct.asking import FIND_NAME, FIND_SEND, GAP
from llmlab.instruct.gaps import clozes, infillings, namings
from llmlab.smalltalk.nodes import Message, Send, walk
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.printer import selector_parts
from llmlab.tokenizer.special import MIDDLE, PREFIX, SUFFIX

from .turns import asker, contents, materials, turns_of


def test_a_gap_filled_gives_the_method_back(classes: list[Document]) -> None:
    seen = 0
    for document in classes:
        for material in materials(document):
            for example in infillings(material, "d", asker(0.0), random.Random(material.source)):
                parts, answer = contents(example)
                assert [parts[0], parts[2], parts[4]] == [{"token": name} for name in (PREFIX, SUFFIX, MIDDLE)]
                assert parts[1] + answer + parts[3] == f"{material.header}\n\n{material.text}"
                assert parts[1].count("\n") >= 3
                assert len(answer) >= 6
                assert "'" not in answer
                seen += 1
    assert seen > 50


def test_selectors_put_into_the_holes_give_the_method_back(classes: list[Document]) -> None:
    seen = many = 0
    for document in classes:
        for material in materials(document):
            for example in clozes(material, "d", asker(1.0), random.Random(material.source)):
                question, answer = turns_of(example)
                text = question.removeprefix(f"{FIND_SEND.words}\n\n")
                keywords = selector_parts(answer)
                assert text.count(GAP) == len(keywords)
                for part in keywords:
                    text = text.replace(GAP, part, 1)
                assert text == material.text
                sent = {each.selector for each in walk(material.tree) if isinstance(each, Send | Message)}
                assert answer in sent
                seen += 1
                many += len(keywords) > 1
    assert seen > 100
    assert many > 10


def test_a_keyword_in_an_argument_is_not_taken_for_that_of_the_send(make: Callable[..., Document]) -> None:
    header = "Class { #name : #A, #superclass : #B, #instVars : [ ], #classVars : [ ] }"
    text = f"{header}\n\nA >> b: c [\n\tself at: (c at: (c at: 1)) put: (c at: 2 put: 3)\n]\n"
    (material,) = materials(make(text, "smalltalk", "code"))
    found = {turns_of(each)[0] for seed in range(40) for each in clozes(material, "d", asker(1.0), random.Random(seed))}
    endings = {each.partition("[\n\t")[2] for each in found}
    assert endings == {
        f"self {GAP} (c at: (c at: 1)) {GAP} (c at: 2 put: 3)\n]",
        f"self at: (c {GAP} (c at: 1)) put: (c at: 2 put: 3)\n]",
        f"self at: (c at: (c {GAP} 1)) put: (c at: 2 put: 3)\n]",
        f"self at: (c at: (c at: 1)) put: (c {GAP} 2 {GAP} 3)\n]",
    }


def test_the_name_is_hidden_and_answered(classes: list[Document]) -> None:
    seen = 0
    for document in classes:
        for material in materials(document):
            for example in namings(material, "d", asker(1.0)):
                question, answer = turns_of(example)
                text = question.removeprefix(f"{FIND_NAME.words}\n\n")
                pattern = material.source[: material.stop]
                assert text.replace(GAP, pattern, 1) == material.text
                assert parse_method(material.source).selector == answer
                seen += 1
    assert seen > 100
