"""Speculative decoding: something cheap guesses the next ids, the model reads them all at once and keeps what it may.

Leviathan et al. 2023 (arXiv 2211.17192, algorithm 1), Chen et al. 2023 (arXiv 2302.01318, algorithm 2). A guess x drawn
from q is kept with probability min(1, p(x) / q(x)); the first that is not kept is replaced by a draw from what p has
more than q, max(0, p - q) made to sum to 1. What comes out is distributed as p exactly, whatever q is: a bad guesser
costs time, never quality. A step is bound by the reading of the weights, so a few ids take little longer than one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from llmlab.artifacts.errors import LabError
from llmlab.decode.cache import CacheKind, shortened, with_room
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig, probabilities
from llmlab.model.cache import KVCache
from llmlab.model.transformer import Transformer


@dataclass(frozen=True)
class Guess:
    """Ids that may come next, N of them, and the distribution that each was drawn from, (N, V)."""

    ids: list[int]
    q_NV: Tensor


class Guesser(Protocol):
    """Something that guesses what comes after ids."""

    def guess(self, ids: Sequence[int], count: int, generator: torch.Generator) -> Guess:
        """At most `count` ids that may follow `ids`, the text so far."""
        ...


@dataclass(frozen=True)
class Round:
    """One reading: the ids that it gave, and how many had been guessed; all but the last of `ids` were among them."""

    ids: list[int]
    guessed: int


def stream(
    model: Transformer,
    prompt: Sequence[int],
    config: SamplingConfig,
    generator: torch.Generator,
    guesser: Guesser,
    *,
    ahead: int = 4,
    stop: Collection[int] = (),
    banned: Collection[int] = (),
) -> Iterator[int]:
    """As `engine.stream`: the same distribution, and at temperature 0 the same ids; `ahead` ids are guessed a round."""
    for step in rounds(model, prompt, config, generator, guesser, ahead=ahead, banned=banned):
        for token in step.ids:
            if token in stop:
                return
            yield token


@torch.inference_mode()
def rounds(
    model: Transformer,
    prompt: Sequence[int],
    config: SamplingConfig,
    generator: torch.Generator,
    guesser: Guesser,
    *,
    ahead: int = 4,
    banned: Collection[int] = (),
) -> Iterator[Round]:
    """The ids that continue a prompt, as many at a time as were kept and one more; `config.max_new` in all."""
    if not prompt:
        raise LabError("a prompt has no tokens", "give the model at least its opening tokens")
    context = model.config.context
    text, cache, missing = list(prompt)[-context:], None, config.max_new
    while missing:
        if len(text) > context:
            # Past the length it was trained on: the last half context is read anew, as in the engine.
            text, cache = text[-max(1, context // 2) :], None
        guess = guesser.guess(text, min(ahead, context - len(text), missing - 1), generator)
        p_MV, cache = _read(model, text, guess, cache, config, banned)
        ids = accepted(p_MV, guess, generator)
        text += ids
        cache = shortened(cache, len(text) - 1)
        missing -= len(ids)
        yield Round(ids, len(guess.ids))


def accepted(p_MV: Tensor, guess: Guess, generator: torch.Generator) -> list[int]:
    """The guesses that are kept, and one id more.

    Args:
        p_MV: the model's distribution at the place of each guess and at the one after the last, M = N + 1.
        guess: N ids with their distributions.
        generator: source of randomness, on the CPU.
    """
    for place, token in enumerate(guess.ids):
        p_V, q_V = p_MV[place], guess.q_NV[place]
        if torch.rand((), generator=generator) * q_V[token] < p_V[token]:
            continue
        more_V = (p_V - q_V).clamp_min(0)
        # Equal but for rounding: then a guess is as good as a draw, and nothing is left over to draw from.
        return [*guess.ids[:place], _draw(more_V if more_V.any() else p_V, generator)]
    return [*guess.ids, _draw(p_MV[-1], generator)]


class Draft:
    """A smaller model of the same vocabulary that draws as the large one does."""

    def __init__(
        self, model: Transformer, config: SamplingConfig, banned: Collection[int] = (), kind: CacheKind = "static"
    ) -> None:
        self.model, self.config, self.banned, self.kind = model, config, banned, kind
        self._read: list[int] = []
        self._cache: KVCache | None = None

    @torch.inference_mode()
    def guess(self, ids: Sequence[int], count: int, generator: torch.Generator) -> Guess:
        """Draw up to `count` ids one after the other; what was guessed in vain before is forgotten first."""
        count = min(count, self.model.config.context - 1)
        text = list(ids)[_start(len(ids) + count, self.model.config.context) :]
        self._forget(text)
        drawn: list[int] = []
        rows = []
        for _ in range(count):
            unread = [*text, *drawn][len(self._read) :]
            logits_1TV, self._cache = _extend(self.model, unread, self._cache, 1, self.kind)
            self._read += unread
            q_1V = _distribution(logits_1TV[:, -1], self.config, self.banned)
            rows.append(q_1V)
            drawn.append(_draw(q_1V[0], generator))
        return Guess(drawn, torch.cat(rows) if rows else torch.empty(0, self.model.vocab_size))

    def _forget(self, text: list[int]) -> None:
        """Shorten the cache to what it shares with `text`, of which one id at least is read anew."""
        shared = 0
        # One is longer, where text was added or a guess refused: only what both have can be shared.
        for old, new in zip(self._read, text[:-1], strict=False):
            if old != new:
                break
            shared += 1
        self._cache = shortened(self._cache, shared) if self._cache and shared else None
        self._read = self._read[:shared]


@dataclass(frozen=True)
class Lookup:
    """Guesses that the text goes on as it did where its last ids stood before (prompt lookup, Saxena 2023).

    Free, and good where a text repeats itself or its prompt, as code does. The same idea: Yang et al. 2023, "Inference
    with reference" (arXiv 2304.04487).
    """

    vocab_size: int
    longest: int = 3

    def guess(self, ids: Sequence[int], count: int, generator: torch.Generator) -> Guess:
        """What followed the last place with the same `longest` ids as the end, or with fewer if there is none."""
        found = self._find(list(ids), count) if count else []
        q_NV = torch.zeros(len(found), self.vocab_size)
        q_NV[torch.arange(len(found)), found] = 1.0
        return Guess(found, q_NV)

    def _find(self, ids: list[int], count: int) -> list[int]:
        for length in range(min(self.longest, len(ids) - 1), 0, -1):
            end = ids[-length:]
            for start in range(len(ids) - length - 1, -1, -1):
                if ids[start : start + length] == end:
                    return ids[start + length : start + length + count]
        return []


def _read(
    model: Transformer,
    text: list[int],
    guess: Guess,
    cache: KVCache | None,
    config: SamplingConfig,
    banned: Collection[int],
) -> tuple[Tensor, KVCache]:
    """The model's distributions (N + 1, V) after `text` and after each guess, and a cache that holds them all."""
    unread = [*text[cache.length if cache else 0 :], *guess.ids]
    logits_1TV, longer = _extend(model, unread, cache, len(guess.ids) + 1, "static")
    return _distribution(logits_1TV[0], config, banned), longer


def _extend(
    model: Transformer, unread: list[int], cache: KVCache | None, last: int, kind: CacheKind
) -> tuple[Tensor, KVCache]:
    """Logits (1, last, V) of the last positions of `unread`."""
    ids_1T = torch.tensor([unread], device=model.embedding.weight.device)
    if isinstance(model, Reader):
        logits_1TV, longer = model.read(ids_1T, cache, last=last)
    else:
        logits_1TV, longer = model.extend(ids_1T, cache)
    if kind == "static" and cache is None:
        longer = with_room(longer, model.config.context)
    return logits_1TV[:, -last:], longer


def _distribution(logits_NV: Tensor, config: SamplingConfig, banned: Collection[int]) -> Tensor:
    logits_NV = logits_NV.float().cpu()
    logits_NV[:, sorted(banned)] = -torch.inf
    return probabilities(logits_NV, config)


def _draw(weights_V: Tensor, generator: torch.Generator) -> int:
    return int(torch.multinomial(weights_V, 1, generator=generator))


def _start(length: int, context: int) -> int:
    """Where to begin reading so that `length` ids fit: it moves by half contexts, and so rarely."""
    half = max(1, context // 2)
    return max(0, -(-(length - context) // half) * half)
