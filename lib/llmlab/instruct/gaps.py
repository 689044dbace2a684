"""Gaps in a method: an expression to fill in, a message to guess, a name to find."""

import random
from collections.abc import Iterator

from llmlab.instruct.asking import FIND_NAME, FIND_SEND, Asker
from llmlab.instruct.base import Instruction, instruction
from llmlab.instruct.material import Material
from llmlab.smalltalk.lexer import Token
from llmlab.smalltalk.nodes import (
    Binding,
    BraceArray,
    ByteArray,
    Character,
    CompileTime,
    ForeignCall,
    LiteralArray,
    LooseByteArray,
    Message,
    Method,
    Node,
    Number,
    Pragma,
    Send,
    String,
    Symbol,
    Variable,
    walk,
)
from llmlab.smalltalk.printer import selector_parts

# Shorter gaps are single names, longer ones most of a method.
_LEAST, _MOST = 6, 200
_LITERALS = (
    *(String, Number, Character, LiteralArray, ByteArray, BraceArray, Symbol),
    *(Binding, CompileTime, LooseByteArray),
)


def infillings(material: Material, document: str, asker: Asker, rng: random.Random) -> Iterator[Instruction]:
    """One gap at a node of the syntax tree that holds no literal: a literal is known to nobody who does not see it."""
    nodes = [each for each in walk(material.tree) if _may_be_asked(each, material)]
    if not nodes:
        return
    node = rng.choice(nodes)
    text, start, stop = material.text, material.place(node.start), material.place(node.stop)
    question = asker.ask_between(f"{material.header}\n\n{text[:start]}", text[stop:])
    yield instruction("smalltalk", "infilling", document, question, text[start:stop])


def clozes(material: Material, document: str, asker: Asker, rng: random.Random) -> Iterator[Instruction]:
    """One unary or keyword message with its selector hidden, each keyword of it."""
    tokens = material.tokens()
    sends = [each for each in walk(material.tree) if isinstance(each, Send | Message) and _is_worded(each.selector)]
    if not sends:
        return
    send = rng.choice(sends)
    places = selector_tokens(send, tokens)
    starts = [0, *(material.place(each.end) for each in places)]
    stops = [*(material.place(each.start) for each in places), len(material.text)]
    texts = [material.text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    yield instruction("smalltalk", "cloze", document, asker.ask(FIND_SEND, *texts), send.selector)


def namings(material: Material, document: str, asker: Asker) -> Iterator[Instruction]:
    """The selector of a method with its pattern hidden; its arguments show in the body."""
    if material.is_test() or material.is_constant() or material.is_abstract():
        return
    question = asker.ask(FIND_NAME, f"{material.holder} >> ", f" [{material.body}")
    yield instruction("smalltalk", "naming", document, question, material.record.selector)


def selector_tokens(send: Send | Message, tokens: list[Token]) -> list[Token]:
    """The tokens that spell the selector of a send, in order."""
    # Subtle: between one operand and the next stand parentheses and this keyword, and nothing else.
    starts = [send.receiver.stop if isinstance(send, Send) else send.start, *(each.stop for each in send.arguments)]
    stops = [*(each.start for each in send.arguments)] or [send.stop]
    found = []
    for part, start, stop in zip(selector_parts(send.selector), starts, stops, strict=False):
        found.append(next(each for each in tokens if start <= each.start < stop and each.text == part))
    return found


def _is_worded(selector: str) -> bool:
    return selector[0].isalpha() or selector[0] == "_"


def _may_be_asked(node: Node, material: Material) -> bool:
    if node.start < material.stop or not _LEAST <= node.stop - node.start <= _MOST:
        return False
    # A body of one statement, all of it missing, would be completion.
    alone = material.tree.body[0] if len(material.tree.body) == 1 else None
    if node is alone or isinstance(node, Method | Pragma | ForeignCall | Message | Variable):
        return False
    return not any(isinstance(each, _LITERALS) for each in walk(node))
