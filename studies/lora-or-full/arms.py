"""One run of one arm: the base, what is trained of it, and what the run came to."""

import copy
import math
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from domains import OLD, read_set, read_texts
from roles import RoleLoss, RoleSource, numbers_of, role_batches, roles_of

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.fit import fit
from llmlab.adapt.lora import add_lora
from llmlab.artifacts.metrics import rounded
from llmlab.artifacts.params import build, read_params
from llmlab.model.checkpoint import load_model
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import set_threads
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.batches import Batch, BatchSource, StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.tokenizer.base import Tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.losses import Loss, next_token_loss

PARAMS = Path("params.yaml")
_ROWS = 32


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to tune the base."""

    rate_of: str
    """Whose learning rate it takes: an arm for which the best one was looked for."""
    adapter: LoraConfig | None = None
    """None: full fine-tuning."""
    train_only: str = ""
    """Without an adapter: parameters whose names begin so; empty: all."""
    roles: dict[str, int] = field(default_factory=dict)
    """An adapter of its own, of so high a rank, for each role; empty: one for all positions."""
    by_number: bool = False
    """Roles by the number of the token: the control."""
    only: str = ""
    """The one domain that it runs on; empty: all."""


@dataclass(frozen=True)
class Field:
    """A domain's sets, the old test set, and the base."""

    base: Transformer
    words: Tokenizer
    train: Shard
    val: Shard
    test: Shard
    old: Shard


@dataclass(frozen=True)
class Ready:
    """A model with what is trained of it set, its rows, and what its loss needs."""

    model: Transformer
    source: BatchSource
    validation: list[Batch]
    loss: Loss
    roles: "Roles | None"


class Roles:
    """The roles of any shard, by syntax or, as the control, by the number of the token."""

    def __init__(self, field: Field, by_number: bool) -> None:
        self._words = field.words
        self._table = numbers_of(field.train, roles_of(field.train, field.words)) if by_number else None

    def of(self, shard: Shard) -> np.ndarray:
        """The role of every id, (N,)."""
        if self._table is None:
            return roles_of(shard, self._words)
        ids = np.asarray(shard.ids, dtype=np.int64)
        return np.where(ids < len(self._table), self._table[np.minimum(ids, len(self._table) - 1)], 0)


def read_arms() -> dict[str, Arm]:
    """Section `arms` of the study's params.yaml."""
    return {name: build(Arm, each, f"{PARAMS}: arms.{name}") for name, each in read_params(PARAMS)["arms"].items()}


def read_field(texts: Path, base: Path, domain: str) -> Field:
    """What `domain` is about."""
    words = read_texts(texts)
    sets = [read_set(texts, domain, name, words) for name in ("train", "val", "test")]
    return Field(load_model(base, "base"), words, *sets, read_set(texts, OLD, "test", words))


def prepared(field: Field, arm: Arm, seed: int) -> Ready:
    """A copy of the base, ready to be trained on the same rows as in every other arm of that seed."""
    model, context = copy.deepcopy(field.base), field.base.config.context
    roles = Roles(field, arm.by_number) if arm.roles else None
    order = derive(seed, "order")
    source: BatchSource = StreamSource(field.train, context, order, mask_documents=False)
    if roles is not None:
        source = RoleSource(field.train, roles.of(field.train), context, order)
    return Ready(model, source, batches(field.val, context, roles), _prepare(model, arm, seed), roles)


def tune(field: Field, arm: Arm, config: TrainConfig, rate: float, seed: int, scratch: Path) -> Ready:
    """Train one arm at one rate."""
    set_threads(config.threads)
    ready = prepared(field, arm, seed)
    shutil.rmtree(scratch, ignore_errors=True)
    fit(
        ready.model,
        arm.adapter or LoraConfig(),
        ready.source,
        ready.validation[:1],
        replace(config, lr=rate),
        scratch=scratch,
        name="arm",
        loss=ready.loss,
    )
    shutil.rmtree(scratch, ignore_errors=True)
    ready.model.eval()
    return ready


def _prepare(model: Transformer, arm: Arm, seed: int) -> Loss:
    """Freeze what is not trained, and put adapters on."""
    if arm.roles:
        assert arm.adapter is not None
        return RoleLoss(model, arm.adapter, arm.roles, seed)
    if arm.adapter is not None:
        add_lora(model, arm.adapter, torch_generator(seed, "lora init"))
    else:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(arm.train_only))
    return next_token_loss


def batches(shard: Shard, context: int, roles: Roles | None) -> list[Batch]:
    """The whole set once, in rows that do not overlap."""
    if roles is None:
        return evaluation_batches(shard, context, _ROWS, mask_documents=False)
    return role_batches(shard, roles.of(shard), context, _ROWS)


@torch.no_grad()
def bits(model: Transformer, shard: Shard, loss: Loss = next_token_loss, roles: Roles | None = None) -> float:
    """Bits per byte of a set in rows that do not overlap, the documents' opening and end tokens counted too."""
    nats = sum(float(loss(model, batch)) for batch in batches(shard, model.config.context, roles))
    return nats / math.log(2) / int(shard.text_bytes.sum())


def bits_of(ready: Ready, shard: Shard) -> float:
    """The same of a tuned model."""
    return bits(ready.model, shard, ready.loss, ready.roles)


def report(field: Field, ready: Ready, rate: float) -> dict[str, Any]:
    """What a run came to."""
    found = {"new": bits_of(ready, field.test), "old": bits_of(ready, field.old), "rate": rate}
    return {name: rounded(value, 4) for name, value in found.items()}
