import dataclasses

import psutil
import pytest
import torch

from llmlab.model.config import ModelConfig
from llmlab.runtime.seed import derive
from llmlab.shards.batches import PackedSource, StreamSource
from llmlab.train import setup
from llmlab.train.config import TrainConfig
from llmlab.train.setup import make_source, memory_needed, prepare

from .conftest import patterned

CONFIG = TrainConfig(steps=30, rows=4, threads=1)


def test_threads_and_the_seed_of_dropout_are_set(tiny):
    try:
        assert prepare(dataclasses.replace(CONFIG, threads=2), tiny(), 97, 5, "sft") == torch.device("cpu")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert torch.initial_seed() == derive(5, "sft/dropout")
    first = torch.rand(3)
    for seed, name, same in ((5, "sft", True), (5, "lora", False), (6, "sft", False)):
        prepare(CONFIG, tiny(), 97, seed, name)
        assert torch.equal(torch.rand(3), first) is same


def test_a_run_that_cannot_fit_is_refused_with_what_would_help(refuses):
    error = refuses(
        ["GiB", "free on cpu", "micro_rows", "gradient_checkpointing", "depth"],
        prepare, dataclasses.replace(CONFIG, rows=4096), ModelConfig(depth=64, context=65_536), 50_000, 0, "x",
    )  # fmt: skip
    assert "training needs about" in error.problem


def test_the_refusal_is_at_the_memory_that_is_free(tiny, monkeypatch, refuses):
    needed = memory_needed(CONFIG, tiny(), 97, 4, 4)
    real = psutil.virtual_memory()
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda free=free: real._replace(available=free))
        if fits:
            prepare(CONFIG, tiny(), 97, 0, "x")
        else:
            refuses(["GiB are free"], prepare, CONFIG, tiny(), 97, 0, "x")
            # Half the rows per pass, or half the bytes per number, and it fits again.
            prepare(dataclasses.replace(CONFIG, micro_rows=2), tiny(), 97, 0, "x")
            prepare(dataclasses.replace(CONFIG, precision="bf16"), tiny(), 97, 0, "x")


def test_on_a_gpu_only_what_cannot_fit_with_one_row_is_refused(tiny, monkeypatch, refuses):
    """There the loop itself answers running out of memory, by smaller passes."""
    one = memory_needed(CONFIG, tiny(), 97, 1, 4)
    assert one < memory_needed(CONFIG, tiny(), 97, 4, 4)
    monkeypatch.setattr(setup, "pick_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(setup, "_gpu_memory", lambda _: one)
    assert prepare(CONFIG, tiny(), 97, 0, "x").type == "cuda"
    monkeypatch.setattr(setup, "_gpu_memory", lambda _: one - 1)
    refuses(["free on cuda"], prepare, CONFIG, tiny(), 97, 0, "x")


@pytest.mark.parametrize("more", [{"milestones": [5]}, {"mask_documents": True}, {"packing": "documents"}], ids=str)
def test_what_a_run_keeps_and_masks_counts(tiny, more):
    plain = memory_needed(CONFIG, tiny(), 97, 4, 4)
    assert memory_needed(dataclasses.replace(CONFIG, **more), tiny(), 97, 4, 4) > plain
    assert memory_needed(CONFIG, tiny(), 97, 4, 4, isolated=True) > plain


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_absent_is_refused(tiny, refuses):
    refuses(["'cuda'"], prepare, dataclasses.replace(CONFIG, device="cuda"), tiny(), 97, 0, "x")


def test_packing_names_the_source(tiny):
    shard = patterned(900, 1)
    stream = make_source(shard, CONFIG, tiny(), 1, 0)
    assert isinstance(stream, StreamSource)
    assert stream.batch(0, 2).documents_BT is None
    masked = make_source(shard, dataclasses.replace(CONFIG, mask_documents=True), tiny(), 1, 0)
    assert masked.batch(0, 2).documents_BT is not None
    packed = make_source(shard, dataclasses.replace(CONFIG, packing="documents"), tiny(), 1, 0)
    assert isinstance(packed, PackedSource)
    other = make_source(shard, CONFIG, tiny(), 2, 0)
    assert not torch.equal(other.batch(0, 2).ids_BT, stream.batch(0, 2).ids_BT)
