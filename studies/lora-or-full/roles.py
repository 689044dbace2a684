"""What each token is in Smalltalk, told from the text before it alone, and adapters that act on one role each.

A role is known when the token is read: inside a comment, inside a string, or in code, where a token that ends in a
letter or a digit is (part of) a name and any other one a mark. What is not Smalltalk is one long comment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, parts_of
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import Batch, StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.tokenizer.base import Tokenizer
from llmlab.train.losses import next_token_loss

ROLES = ("name", "mark", "comment", "string")
_NAME, _MARK, _COMMENT, _STRING = range(4)
_CLOSING = {_COMMENT: ord('"'), _STRING: ord("'")}
_OPENING = {mark: role for role, mark in _CLOSING.items()}


@dataclass(frozen=True)
class RoleBatch(Batch):
    """A batch with the role of each id that is read, (B, T)."""

    roles_BT: Tensor

    def to(self, device: torch.device) -> "RoleBatch":
        """See `Batch.to`."""
        return replace(self, **{name: getattr(self, name).to(device) for name in ("ids_BT", "targets_BT", "roles_BT")})

    def cut(self, rows: int) -> "list[Batch]":
        """See `Batch.cut`."""
        pieces = zip(*(getattr(self, f"{name}_BT").split(rows) for name in ("ids", "targets", "roles")), strict=True)
        return [RoleBatch(ids, targets, None, self.name, roles) for ids, targets, roles in pieces]


class RoleSource:
    """The rows of a `StreamSource` with their roles; see `BatchSource`."""

    def __init__(self, shard: Shard, roles: np.ndarray, context: int, seed: int) -> None:
        self._texts = StreamSource(shard, context, seed, mask_documents=False)
        # The same cuts through another run of numbers.
        self._roles = StreamSource(replace(shard, ids=roles), context, seed, mask_documents=False)
        self.rows_per_epoch = self._texts.rows_per_epoch

    def batch(self, position: int, rows: int) -> RoleBatch:
        """See `BatchSource.batch`."""
        return _joined(self._texts.batch(position, rows), self._roles.batch(position, rows))


def role_batches(shard: Shard, roles: np.ndarray, context: int, rows: int) -> list[Batch]:
    """As `evaluation_batches`."""
    texts, others = (
        evaluation_batches(each, context, rows, mask_documents=False) for each in (shard, replace(shard, ids=roles))
    )
    return [_joined(text, role) for text, role in zip(texts, others, strict=True)]


def _joined(text: Batch, roles: Batch) -> RoleBatch:
    return RoleBatch(text.ids_BT, text.targets_BT, None, text.name, roles.ids_BT)


def roles_of(shard: Shard, words: Tokenizer) -> np.ndarray:
    """The role of every id of a shard, (N,)."""
    found = np.full(len(shard.ids), _COMMENT, dtype=np.int64)
    for number, start in enumerate(shard.starts):
        if shard.languages[number] == "smalltalk":
            pieces = [words.token_bytes(int(each)) for each in shard.document(number)]
            found[start : start + len(pieces)] = list(token_roles(pieces))
    return found


def numbers_of(shard: Shard, roles: np.ndarray) -> np.ndarray:
    """The control: roles by the number of the token alone, each with the share of positions that it truly has."""
    counts = np.bincount(np.asarray(shard.ids, dtype=np.int64))
    wanted = np.bincount(roles, minlength=len(ROLES)) / len(roles)
    # Tokens in an order without meaning, cut where the shares of positions are reached.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(counts))
    reached = np.cumsum(counts[order]) / counts.sum()
    table = np.zeros(int(max(len(counts), shard.ids.max() + 1)), dtype=np.int64)
    table[order] = np.minimum(np.searchsorted(np.cumsum(wanted), reached), len(ROLES) - 1)
    return table


def token_roles(pieces: list[bytes]) -> Iterator[int]:
    """The role of each token of one document, from it and those before it."""
    inside, escaped = _MARK, False
    for piece in pieces:
        for byte in piece:
            if escaped:
                escaped = False  # the character of a literal such as $'
            elif inside in _CLOSING:
                inside = _MARK if byte == _CLOSING[inside] else inside
            else:
                escaped = byte == ord("$")
                inside = _OPENING.get(byte, _MARK)
        ends_word = piece[-1:].isalnum() or piece[-1:] >= b"\x80"
        yield _NAME if inside == _MARK and ends_word else inside


class RoleLoss:
    """Put an adapter for each role on a model, and be the loss that says which position has which."""

    def __init__(self, model: nn.Module, config: LoraConfig, ranks: Mapping[str, int], seed: int) -> None:
        self._roles_BT: Tensor | None = None
        for role, rank in ranks.items():
            add_lora(model, replace(config, rank=rank), torch_generator(seed, f"lora init/{role}"), role)
        for role in ranks:
            for part in parts_of(model, role).values():
                part.requires_grad_(True)
                part.register_forward_hook(partial(self._only, ROLES.index(role)))

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """See `train.losses.Loss`."""
        assert isinstance(batch, RoleBatch)
        self._roles_BT = batch.roles_BT
        return next_token_loss(model, batch)

    def _only(self, role: int, part: nn.Module, arguments: Any, added_BTD: Tensor) -> Tensor:
        assert self._roles_BT is not None
        return added_BTD * (self._roles_BT == role)[..., None]
