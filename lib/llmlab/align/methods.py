"""Smalltalk methods to complete: held-out or training signatures as problems, the parser as judge."""

from collections.abc import Collection, Iterable

from llmlab.align.problems import Problems
from llmlab.align.rewards import Parts, grade_code
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.grammar import grammar_of
from llmlab.decode.engine import Finished
from llmlab.evals.completion import Prompt, complete, make_prompts, spread
from llmlab.smalltalk.rendering import method_end, parse_rendered
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import EOS

_LANG = "smalltalk"


def method_problems(
    tokenizer: Tokenizer,
    documents: Iterable[Document],
    training: Collection[tuple[str, ...]],
    *,
    count: int,
    longest: int,
) -> Problems:
    """At most `count` prompts of at most `longest` tokens, spread evenly over all; for the base model.

    `training` holds the code tokens of each training method's body, for the reward `original`.

    Raises:
        LabError: no method is short enough.
    """
    start = opening(tokenizer, _LANG)
    found: list[tuple[Prompt, frozenset[str], list[int]]] = []
    for document in documents:
        for prompt in make_prompts([document]):
            ids = [*start, *tokenizer.encode(prompt.text)]
            if len(ids) <= longest:
                found.append((prompt, variables(document), ids))
    if not found:
        raise LabError(f"no method has a header and signature of at most {longest} tokens", "raise `longest`")
    chosen = spread(found, count)

    def grade(number: int, text: str, ended: bool) -> Parts:
        prompt, names, _ = chosen[number]
        return grade_code(complete([prompt], lambda *_: [text])[0], names, training)

    return Problems(
        tokenizer,
        [ids for _, _, ids in chosen],
        [tokenizer.encode(f"\n{prompt.body}\n]") for prompt, _, _ in chosen],
        grade,
        frozenset({tokenizer.special[EOS]}),
        closes(tokenizer),
    )


def variables(document: Document) -> frozenset[str]:
    """The variables that the class of a rendered document declares."""
    record = parse_rendered(document.text, grammar_of(document))
    return frozenset((*record.instance_variables, *record.class_variables, *record.class_instance_variables))


def closes(tokenizer: Tokenizer) -> Finished:
    """Whether a method's bracket has closed; asked only after a token that could close one, since decoding costs."""

    def check(row: int, ids: list[int]) -> bool:
        return b"]" in tokenizer.token_bytes(ids[-1]) and method_end(tokenizer.decode(ids), 0) is not None

    return check
