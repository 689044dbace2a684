"""Generation that pauses for tools: at the tag that closes a call the tool runs, and what it says is read on.

A call is what the model wrote in special tokens, `<|calc|>47 + 18<|/calc|>`, and nothing else: text that spells these
tags, whoever wrote it, encodes to plain text, and neither prompts nor results are looked at for calls. The result goes
in as text between tags of its own, which the model can never write.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch

from llmlab.decode.engine import generate, stream
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import result_ids
from llmlab.tokenizer.special import call_tokens

# Row, tool and argument to what the tool says; it never raises.
Run = Callable[[int, str, str], str]
_BROKEN = "error: not one call between its own tags"


class Call(NamedTuple):
    """One call and what came of it."""

    tool: str
    argument: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Calling:
    """Which tools may be called, who runs them, and how often in one answer.

    A tool whose tags the tokenizer does not have cannot be called. `names` may hold more than there are tools: `run`
    then says that there is none, which the model reads. After `steps` calls no tag that opens one can be drawn, so
    that the answer is written with what is there.
    """

    tokenizer: Tokenizer
    names: Sequence[str]
    run: Run
    steps: int = 4

    def tags(self) -> tuple[dict[int, str], dict[int, str]]:
        """Tool by the id that opens a call of it, and by the id that closes it."""
        special = self.tokenizer.special
        pairs = [(name, *call_tokens(name)) for name in self.names]
        known = [pair for pair in pairs if pair[1] in special and pair[2] in special]
        return {special[first]: name for name, first, _ in known}, {special[last]: name for name, _, last in known}

    def answer(self, row: int, ids: Sequence[int]) -> Call:
        """The call that a stretch of ids ends with, run; one in disorder is not."""
        openings, closings = self.tags()
        tool = closings[ids[-1]]
        marks = [place for place, token in enumerate(ids) if token in openings]
        argument = self.tokenizer.decode(ids[marks[-1] + 1 : -1] if marks else ids[:-1])
        if len(marks) != 1 or openings[ids[marks[0]]] != tool:
            return Call(tool, argument, _BROKEN)
        return Call(tool, argument, self.run(row, tool, argument))


@dataclass(frozen=True)
class Answer:
    """What followed a prompt.

    `ids` are all of it, results included, and `own` says which of them the model wrote; `said` are those outside calls,
    the answer as a person reads it. `reason` as in `engine.Generation`, of the last stretch.
    """

    ids: list[int] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    said: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    reason: str = ""


def generate_calling(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    config: SamplingConfig,
    generator: torch.Generator,
    calling: Calling,
    *,
    stop: Collection[int] = (),
    banned: Collection[int] = (),
) -> list[Answer]:
    """Answer every prompt, in rounds: each ends with a call of each row that is not done.

    `config.max_new` is for one stretch between calls. Without tools it is `engine.generate` once, to the bit.

    Args:
        model: as `generate`.
        prompts: as `generate`.
        config: as `generate`.
        generator: as `generate`.
        calling: the tools.
        stop: ids that end an answer.
        banned: ids that are never drawn; tags of tools that may be called are taken out.
    """
    openings, closings = calling.tags()
    tags = openings.keys() | closings.keys()
    answers = [Answer() for _ in prompts]
    rows = list(range(len(prompts)))
    for step in range(calling.steps + 1 if tags else 1):
        free: set[int] = set() if step == calling.steps else tags
        made = generate(
            model, [[*prompts[row], *answers[row].ids] for row in rows], config, generator,
            stop=stop, banned=set(banned) - free if tags else banned,
            finished=(lambda _, ids: ids[-1] in closings) if tags else None,
        )  # fmt: skip
        for row, each in zip(rows, made, strict=True):
            answers[row] = _longer(answers[row], each.ids, each.reason, row, calling)
        rows = [row for row in rows if answers[row].reason == "finished"]
        if not rows:
            break
    return answers


def stream_calling(
    model: Transformer,
    prompt: Sequence[int],
    config: SamplingConfig,
    generator: torch.Generator,
    calling: Calling,
    *,
    stop: Collection[int] = (),
    banned: Collection[int] = (),
) -> Iterator[int | Call]:
    """The ids that answer one prompt as they are drawn, those in calls left out, and each call when it has been run.

    Arguments as in `generate_calling`.
    """
    openings, closings = calling.tags()
    tags = openings.keys() | closings.keys()
    read = list(prompt)
    for step in range(calling.steps + 1):
        free: set[int] = set() if step == calling.steps else tags
        stretch: list[int] = []
        for token in stream(model, read, config, generator, stop=stop, banned=set(banned) - free):
            stretch.append(token)
            if token in closings:
                break
            if not openings.keys() & stretch:
                yield token
        if not stretch or stretch[-1] not in closings:
            return
        call = calling.answer(0, stretch)
        read += [*stretch, *result_ids(calling.tokenizer, call.result)]
        yield call


def _longer(answer: Answer, ids: list[int], reason: str, row: int, calling: Calling) -> Answer:
    """An answer with one more stretch, and the result of the call that it ends with."""
    openings, closings = calling.tags()
    outside = next((place for place, token in enumerate(ids) if token in openings or token in closings), len(ids))
    grown = replace(
        answer,
        ids=[*answer.ids, *ids],
        own=[*answer.own, *[True] * len(ids)],
        said=[*answer.said, *ids[:outside]],
        reason=reason,
    )
    if reason != "finished":
        return grown
    call = calling.answer(row, ids)
    result = result_ids(calling.tokenizer, call.result)
    return replace(
        grown,
        ids=[*grown.ids, *result],
        own=[*grown.own, *[False] * len(result)],
        calls=[*grown.calls, call],
    )
