"""Comment writing: from a method to the sentence it opens with."""

import re
from collections.abc import Iterator

from llmlab.instruct.asking import EXPLAIN, Asker
from llmlab.instruct.base import Instruction, instruction
from llmlab.instruct.material import Material

# Commented-out code, and stamps such as `sd 4/8/2004 13:19`, are no comments on the method.
_CODE = re.compile(r":=|\^|\]|;\s*$|#\w|\d/\d")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_LEAST_WORDS = 4


def comments(material: Material, document: str, asker: Asker) -> Iterator[Instruction]:
    """One example for a method that opens with a sentence; the question is the method without it."""
    text = material.comment_text()
    token = material.comment()
    if token is None or not is_sentence(text) or not material.tree.body:
        return
    bare = material.source[token.end :].strip()
    question = asker.ask(EXPLAIN, f"{material.signature}\n\t{bare}\n]")
    yield instruction("smalltalk", "commenting", document, question, text)


def is_sentence(text: str) -> bool:
    """Whether a comment says something in words."""
    return len(_WORDS.findall(text)) >= _LEAST_WORDS and not _CODE.search(text)
