"""Smalltalk by completion: held-out class header and signature in, a method out, judged by the parser."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeVar

from llmlab.artifacts.documents import Document
from llmlab.corpus.grammar import dialect_of, grammar_of
from llmlab.evals.bootstrap import share_interval
from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import scan, trim_end
from llmlab.smalltalk.measure import code_tokens, edit_similarity, sent_selectors
from llmlab.smalltalk.parser import is_valid_method, parse_method
from llmlab.smalltalk.records import ClassRecord, Side
from llmlab.smalltalk.rendering import method_end, parse_rendered, render_header, render_method

T = TypeVar("T")
_NOBODY = ClassRecord("")
# Fewer tokens than these left to write would make a completion from its beginning a guess at a bracket.
_LEAST_LEFT = 4


@dataclass(frozen=True)
class Prompt:
    """What the model sees (`text`, up to the end of the signature's line) and the real method behind it.

    `given` is the part of the body that the model sees as well; `owner` is the class, without comment and methods.
    """

    text: str
    signature: str
    body: str
    dialect: Dialect = PHARO
    given: str = ""
    owner: ClassRecord = _NOBODY
    side: Side = "instance"

    @property
    def method(self) -> str:
        """Source of the real method."""
        return f"{self.signature}\n{self.body}"


@dataclass(frozen=True)
class Completion:
    """A body that somebody wrote for a prompt; `closed` is False when it was cut off before its bracket closed."""

    prompt: Prompt
    body: str
    closed: bool

    @property
    def method(self) -> str:
        """Source of the whole method."""
        return f"{self.prompt.signature}\n{self.body}"

    @property
    def valid(self) -> bool:
        """It ended by itself and parses in the dialect of its class."""
        return self.closed and is_valid_method(self.method, self.prompt.dialect)


def make_prompts(documents: Iterable[Document]) -> list[Prompt]:
    """A prompt per method of rendered classes: `Class {…}`, a blank line, and the method up to `[`."""
    prompts = []
    for document in documents:
        if document.lang != "smalltalk" or document.kind != "code":
            continue
        dialect, parse = dialect_of(document), grammar_of(document)
        record = parse_rendered(document.text, parse)
        owner = replace(record, comment="", methods=())
        header = render_header(owner)
        for method in record.methods:
            rendered = render_method(method, parse)
            start = rendered.index("\n") + 1 if rendered.startswith("{") else 0
            line_end = rendered.index("\n", start)
            signature = rendered[start:line_end].split(" >> ", 1)[1].removesuffix(" [")
            body = rendered[line_end + 1 :].removesuffix("]").removesuffix("\n")
            text = f"{header}\n\n{rendered[:line_end]}"
            prompts.append(Prompt(text, signature, body, dialect, owner=owner, side=method.side))
    return prompts


def begun(prompts: Iterable[Prompt], tokens: int) -> list[Prompt]:
    """Prompts that show the first code tokens of the body too; of methods that go on for some tokens after those."""
    found = []
    for prompt in prompts:
        places = [each.end for each in scan(prompt.body, prompt.dialect) if each.kind not in ("comment", "end")]
        if len(places) >= tokens + _LEAST_LEFT:
            found.append(replace(prompt, given="\n" + prompt.body[: places[tokens - 1]]))
    return found


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most `count` of the items, evenly over the whole list."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def complete(
    prompts: Sequence[Prompt], write: Callable[[Sequence[str], Callable[[int, str], bool]], list[str]]
) -> list[Completion]:
    """Let `write` continue every prompt's text; it is told through a callback when a method has closed."""
    begun_with = [prompt.given for prompt in prompts]
    asked = [prompt.text + given for prompt, given in zip(prompts, begun_with, strict=True)]
    texts = write(asked, lambda row, text: _close(begun_with[row] + text) is not None)
    completions = []
    for prompt, written in zip(prompts, texts, strict=True):
        text = prompt.given + written
        end = _close(text)
        body = text if end is None else text[: end - 1]
        completions.append(Completion(prompt, trim_end(body.removeprefix("\n")), end is not None))
    return completions


def measure(completions: Sequence[Completion], training: Collection[tuple[str, ...]]) -> dict[str, Any]:
    """Figures over completions; `training` holds the code tokens of each training method's body.

    `valid` counts a cut-off method as invalid. `copied` is the share whose body, token for token, is the body of some
    training method; short bodies such as `^ name` are copies by nature, so it is also given for bodies of at least 8
    tokens. Lengths are in code tokens of the body.
    """
    size = len(completions)
    valid = [item for item in completions if item.valid]
    bodies = [tuple(code_tokens(item.body)) for item in completions]
    long_bodies = [body for body in bodies if len(body) >= 8]
    low, high = share_interval(len(valid), size)
    return {
        "completions": size,
        "valid": _share(len(valid), size),
        "valid_low": round(low, 4),
        "valid_high": round(high, 4),
        "cut_off": _share(sum(not item.closed for item in completions), size),
        "copied": _share(sum(body in training for body in bodies), size),
        "copied_long": _share(sum(body in training for body in long_bodies), len(long_bodies)),
        "distinct": _share(len(set(bodies)), size),
        "median_length": median(len(body) for body in bodies) if bodies else 0,
        **_likeness(completions),
    }


def training_bodies(documents: Iterable[Document]) -> set[tuple[str, ...]]:
    """Code tokens of the body of every training method."""
    return bodies_of(make_prompts(documents))


def bodies_of(prompts: Iterable[Prompt]) -> set[tuple[str, ...]]:
    """Code tokens of the real body behind every prompt."""
    return {tuple(code_tokens(prompt.body)) for prompt in prompts}


def _likeness(completions: Sequence[Completion]) -> dict[str, float | None]:
    """Against the real methods: exact token match, token edit similarity, Jaccard overlap of the selectors sent."""
    exact, similarity, overlap = 0, 0.0, []
    for item in completions:
        real, written = code_tokens(item.prompt.body), code_tokens(item.body)
        exact += real == written
        similarity += edit_similarity(real, written)
        if item.valid:
            ours, theirs = (_sent(text, item.prompt.dialect) for text in (item.method, item.prompt.method))
            overlap.append(len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0)
    size = len(completions)
    return {
        "exact": _share(exact, size),
        "edit_similarity": _share(similarity, size),
        "selector_overlap": _share(sum(overlap), len(overlap)),
    }


def _sent(method: str, dialect: Dialect) -> set[str]:
    return sent_selectors(parse_method(method, dialect))


def _close(text: str) -> int | None:
    return method_end(text, 0)


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
