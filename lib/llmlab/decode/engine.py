"""Prefill, step, stop: many prompts of different lengths at once, on a cache of either kind."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from llmlab.artifacts.errors import LabError
from llmlab.decode.cache import CacheKind, with_room
from llmlab.decode.compiled import CompiledReader
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig, sample
from llmlab.model.cache import KVCache
from llmlab.model.transformer import Transformer

Finished = Callable[[int, list[int]], bool]


@dataclass(frozen=True)
class Generation:
    """Ids generated for one prompt (the stop id not included) and why it ended: `stop`, `finished` or `length`."""

    ids: list[int]
    reason: str


def generate(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    config: SamplingConfig,
    generator: torch.Generator,
    *,
    stop: Collection[int] = (),
    banned: Collection[int] = (),
    finished: Finished | None = None,
    kind: CacheKind = "growing",
) -> list[Generation]:
    """Continue every prompt.

    Args:
        model: in evaluation mode; a `Reader` of it takes the shorter way.
        prompts: ids, none empty; a prompt longer than the model's context keeps its end.
        config: how to draw.
        generator: source of randomness, on the CPU.
        stop: ids that end a row.
        banned: ids that are never drawn.
        finished: called with row number and its ids so far; True ends the row, keeping all its ids.
        kind: of the cache: the same ids from either.
    """
    done: list[Generation | None] = [None] * len(prompts)
    outputs: list[list[int]] = [[] for _ in prompts]
    for tokens, rows in _steps(model, prompts, config, generator, banned, done, kind):
        for row, token in zip(rows, tokens, strict=True):
            if token in stop:
                done[row] = Generation(outputs[row], "stop")
                continue
            outputs[row].append(token)
            if finished is not None and finished(row, outputs[row]):
                done[row] = Generation(outputs[row], "finished")
    return [end or Generation(ids, "length") for end, ids in zip(done, outputs, strict=True)]


def stream(
    model: Transformer,
    prompt: Sequence[int],
    config: SamplingConfig,
    generator: torch.Generator,
    *,
    stop: Collection[int] = (),
    banned: Collection[int] = (),
    kind: CacheKind = "growing",
) -> Iterator[int]:
    """The ids that continue one prompt, each as soon as it is drawn."""
    done: list[Generation | None] = [None]
    for tokens, _ in _steps(model, [prompt], config, generator, banned, done, kind):
        if tokens[0] in stop:
            return
        yield tokens[0]


@torch.inference_mode()
def _steps(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    config: SamplingConfig,
    generator: torch.Generator,
    banned: Collection[int],
    done: list[Generation | None],
    kind: CacheKind,
) -> Iterator[tuple[list[int], list[int]]]:
    """Per step the new ids and the rows they belong to; rows that the caller marks in `done` leave the batch."""
    if any(not prompt for prompt in prompts):
        raise LabError("a prompt has no tokens", "give the model at least its opening tokens")
    device = model.embedding.weight.device
    rows = list(range(len(prompts)))
    texts = [list(prompt) for prompt in prompts]
    room = 0
    if kind == "static":
        room = model.config.context
        if not isinstance(model, CompiledReader):
            room = min(room, max(map(len, texts)) + config.max_new)
    logits_BV, cache = _prefill(model, texts, device, room)
    silent = torch.tensor(sorted(banned), dtype=torch.long)
    for step in range(config.max_new):
        scores_BV = logits_BV.float().cpu()
        if banned:
            scores_BV[:, silent] = -torch.inf
        tokens_B = sample(scores_BV, config, generator)
        tokens = tokens_B.tolist()
        for row, token in zip(rows, tokens, strict=True):
            texts[row].append(token)
        yield tokens, rows
        keep = [place for place, row in enumerate(rows) if done[row] is None]
        if not keep or step + 1 == config.max_new:
            return
        if len(keep) < len(rows):
            keep_B = torch.tensor(keep, device=device)
            cache, tokens_B = _roomy(cache.rows(keep_B), room), tokens_B[keep]
            rows = [rows[place] for place in keep]
        if cache.length >= model.config.context:
            # Past the length it was trained on: a row that is full reads its last half context anew and goes on.
            for row in rows:
                if len(texts[row]) > model.config.context:
                    texts[row] = texts[row][-(model.config.context // 2) :]
            logits_BV, cache = _prefill(model, [texts[row] for row in rows], device, room)
        else:
            logits_BV, cache = _read(model, tokens_B[:, None].to(device), cache)


def _prefill(
    model: Transformer, texts: Sequence[Sequence[int]], device: torch.device, room: int
) -> tuple[Tensor, KVCache]:
    """Read prompts, padded on the left so that all of them end in the last column; a cache of `room` if that is more.

    The padding is document -1, which no id of a prompt sees: each row is read as if it were alone.
    """
    longest = min(model.config.context, max(len(text) for text in texts))
    ids_BT = torch.zeros(len(texts), longest, dtype=torch.long)
    documents_BT = torch.full((len(texts), longest), -1)
    for row, text in enumerate(texts):
        kept = list(text)[-longest:]
        ids_BT[row, longest - len(kept) :] = torch.tensor(kept)
        documents_BT[row, longest - len(kept) :] = 0
    logits_BV, cache = _read(model, ids_BT.to(device), None, documents_BT.to(device))
    return logits_BV, _roomy(cache, room)


def _roomy(cache: KVCache, room: int) -> KVCache:
    return with_room(cache, room) if room else cache


def _read(
    model: Transformer, ids_BT: Tensor, cache: KVCache | None, documents_BT: Tensor | None = None
) -> tuple[Tensor, KVCache]:
    """Logits of the last position, (B, V), and the longer cache."""
    extend = model.read if isinstance(model, Reader) else model.extend
    logits_BTV, longer = extend(ids_BT, cache, documents_BT)
    return logits_BTV[:, -1], longer
