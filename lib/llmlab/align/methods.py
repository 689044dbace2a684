"""Smalltalk methods to complete: held-out or training signatures as problems, the parser as judge."""

from collections.abc import Collection, Iterable

from llmlab.align.problems import Problems
from llmlab.align.rewards import Parts, grade_code
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.decode.engine import Finished
from llmlab.evals.completion import complete, make_prompts, spread
from llmlab.evals.world import World
from llmlab.smalltalk.rendering import method_end
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import EOS

_LANG = "smalltalk"


def method_problems(
    tokenizer: Tokenizer,
    documents: Iterable[Document],
    world: World,
    training: Collection[tuple[str, ...]],
    *,
    count: int,
    longest: int,
) -> Problems:
    """At most `count` prompts of at most `longest` tokens, spread evenly over all; for the base model.

    `world` says what names stand for; `training` holds the code tokens of each training method's body, for the reward
    `original`.

    Raises:
        LabError: no method is short enough.
    """
    start = opening(tokenizer, _LANG)
    read = [(prompt, [*start, *tokenizer.encode(prompt.text)]) for prompt in make_prompts(documents)]
    found = [(prompt, ids) for prompt, ids in read if len(ids) <= longest]
    if not found:
        raise LabError(f"no method has a header and signature of at most {longest} tokens", "raise `longest`")
    chosen = spread(found, count)

    def grade(number: int, text: str, ended: bool) -> Parts:
        return grade_code(complete([chosen[number][0]], lambda *_: [text])[0], world, training)

    return Problems(
        tokenizer,
        [ids for _, ids in chosen],
        [tokenizer.encode(f"\n{prompt.body}\n]") for prompt, _ in chosen],
        grade,
        frozenset({tokenizer.special[EOS]}),
        closes(tokenizer),
    )


def closes(tokenizer: Tokenizer) -> Finished:
    """Whether a method's bracket has closed; asked only after a token that could close one, since decoding costs."""

    def check(row: int, ids: list[int]) -> bool:
        return b"]" in tokenizer.token_bytes(ids[-1]) and method_end(tokenizer.decode(ids), 0) is not None

    return check
