"""The examples of one kind as they come in: which are refused and why, and a fair sample of the rest."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection

from llmlab.instruct.base import InstructConfig, Instruction, size
from llmlab.tokenizer.chat import DOCUMENT

# Kinds whose answers are sentences and code; selectors and the answers of tasks are few by nature.
_LONG_ANSWERS = frozenset(
    {"completion", "signature", "opening", "infilling", "fixing", "commenting", "generation", "continuation"}
)


def question_key(example: Instruction) -> str:
    """A hash of what is asked: everything but the last answer; of a chat or a text to read, all of it."""
    messages = json.loads(example.messages)
    asked = messages if example.kind == "chat" or messages[0]["role"] == DOCUMENT else messages[:-1]
    return _digest(example.lang, json.dumps(asked, ensure_ascii=False))


class Basket:
    """At most `cap` examples of a kind: each that comes has the same chance, and only those kept take memory.

    Vitter 1985 (ACM TOMS 11:1, algorithm R). Refused are examples that are too long, ask what was asked before, here
    or in a held-out set, or give an answer that was given often enough.
    """

    def __init__(self, config: InstructConfig, cap: int | None, held: Collection[str], rng: random.Random) -> None:
        self._config = config
        self._cap = cap
        self._held = held
        self._rng = rng
        self._asked: set[str] = set()
        self._answers: Counter[str] = Counter()
        self._seen = 0
        self.examples: list[Instruction] = []
        self.left_out: Counter[str] = Counter()

    def add(self, example: Instruction) -> None:
        """Take an example in, or count why not."""
        reason = self._refused(example)
        if reason:
            self.left_out[reason] += 1
            return
        self._seen += 1
        if self._cap is None or len(self.examples) < self._cap:
            self.examples.append(example)
            return
        self.left_out["over the cap"] += 1
        place = self._rng.randrange(self._seen)
        if place < self._cap:
            self.examples[place] = example

    def _refused(self, example: Instruction) -> str:
        contents = [message["content"] for message in json.loads(example.messages)]
        answer, config = contents[-1], self._config
        key = question_key(example)
        # A chat is as long as it was written, and its answer with it.
        written = example.kind in ("chat", "reading")
        if size(*contents) > config.max_bytes or (not written and len(answer) > config.max_characters):
            return "too long"
        if key in self._held:
            return "asked in a held-out set"
        if key in self._asked:
            return "asked before"
        self._asked.add(key)
        if example.kind not in _LONG_ANSWERS:
            return ""
        said = _digest(example.lang, answer)
        self._answers[said] += 1
        return "" if self._answers[said] <= config.same_answer else "same answer too often"


def _digest(lang: str, text: str) -> str:
    return hashlib.sha256(f"{lang}\0{text}".encode()).hexdigest()[:16]
