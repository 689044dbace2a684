"""Method completion: from header and signature, from the signature alone, or from the first tokens to the body.

A comment that the method opens with belongs to the question: nobody could foresee its words, and it says what to
write. Left out are methods that cannot be inferred: tests, bare constants, variables that the question does not show.
"""

import random
from collections.abc import Iterator

from llmlab.instruct.asking import FINISH, Asker
from llmlab.instruct.base import Instruction, instruction
from llmlab.instruct.material import Material

_MOST_TOKENS = 8


def completions(material: Material, document: str, asker: Asker) -> Iterator[Instruction]:
    """From class header and signature."""
    if material.has_known_names() and can_be_inferred(material):
        head, rest = cut(material)
        yield _example("completion", document, asker, f"{material.header}\n\n{head}", rest)


def signatures(material: Material, document: str, asker: Asker) -> Iterator[Instruction]:
    """From the signature alone, of a method that uses no variable of its class."""
    if material.stands_alone() and can_be_inferred(material):
        yield _example("signature", document, asker, *cut(material))


def openings(material: Material, document: str, asker: Asker, rng: random.Random) -> Iterator[Instruction]:
    """From class header, signature and the first tokens, at most half of them and at most eight."""
    body = [each for each in material.tokens() if each.start >= material.stop]
    if len(body) < 4 or not material.has_known_names() or material.is_test():
        return
    shown = rng.randint(1, min(_MOST_TOKENS, len(body) // 2))
    start = material.place(body[shown - 1].end)
    question = f"{material.header}\n\n{material.text[:start]}"
    yield _example("opening", document, asker, question, material.text[start:])


def cut(material: Material) -> tuple[str, str]:
    """The text of a method behind its opening bracket, or behind the comment there: what is asked, what is answered."""
    comment = material.comment()
    start = material.place(comment.end) if comment else len(material.signature)
    rest = material.text[start:]
    # The line's end belongs to the question, so that an answer starts with its own first line.
    return material.text[:start] + rest[: len(rest) - len(rest.lstrip("\n"))], rest.lstrip("\n")


def can_be_inferred(material: Material) -> bool:
    """Whether name, class and comment say enough for a person to write the body."""
    return not material.is_test() and not material.is_constant()


def _example(kind: str, document: str, asker: Asker, question: str, answer: str) -> Instruction:
    return instruction("smalltalk", kind, document, asker.ask(FINISH, question), answer)
