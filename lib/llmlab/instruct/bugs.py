"""Bug fixing: a method with one planted defect, which the answer names and mends."""

import random
from collections.abc import Iterator

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, instruction
from llmlab.smalltalk.mutate import alter_method, break_method
from llmlab.smalltalk.rendering import parse_rendered


def fixes(document: Document, most_characters: int, rng: random.Random) -> Iterator[Instruction]:
    """One example per method: half no longer parse, half parse and do the wrong thing."""
    for method in parse_rendered(document.text).methods:
        if len(method.source) > most_characters:
            continue
        altered = alter_method(method.source, rng) if rng.random() < 0.5 else None
        broken, defect = altered or break_method(method.source, rng)
        answer = f"{defect[0].upper()}{defect[1:]}.\n\n{method.source}"
        if len(answer) > most_characters:
            continue
        question = f"This Smalltalk method has a defect. Name it and mend it.\n\n{broken}"
        yield instruction(document.lang, "fixing", document.id, question, answer)
