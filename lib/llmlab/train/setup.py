"""Before the first step: device, threads, seeds, and whether the run will fit."""

import psutil
import torch

from llmlab.artifacts.errors import LabError
from llmlab.model.config import ModelConfig
from llmlab.model.count import footprint
from llmlab.runtime.device import pick_device, set_threads
from llmlab.runtime.distributed import here, join, rank, world
from llmlab.runtime.memory import keep_freed_memory, return_freed_memory
from llmlab.runtime.precision import compute_dtype
from llmlab.runtime.seed import derive
from llmlab.shards.batches import BatchSource, PackedSource, StreamSource
from llmlab.shards.format import Shard
from llmlab.train.config import TrainConfig

_SHARED = "pretrain"  # the stage that several processes can share
# A heap from which blocks of many sizes and lives come and go has holes. Beside the tensors themselves a process was
# seen to take (tests/train/test_memory.py) so many bytes, these shares of what a pass keeps, of Muon's workspace and,
# on average, of the logits: in one run the weights' moments and copies come to lie in their holes, in another not.
_HEAP, _OF_ACTIVATIONS, _OF_WORKSPACE, _OF_LOGITS = 24 * 2**20, 0.35, 0.5, 0.6


def prepare(
    config: TrainConfig, model: ModelConfig, vocab_size: int, seed: int, name: str, *, isolated: bool = False
) -> torch.device:
    """Set threads, the use of memory and the seed of dropout, and pick the device.

    Args:
        config: how to train.
        model: what.
        vocab_size: V.
        seed: of params.yaml.
        name: of the stage, which names dropout's generator.
        isolated: documents in a row do not see each other, whatever `config` says: the rows are chats.

    Raises:
        LabError: no such device, or the run needs more memory than is free: on a CPU running out is a kill by the
            system, not an exception, so it is refused beforehand. On a GPU the loop answers with smaller passes, so
            that only what cannot fit with one row is refused.
    """
    device = join(pick_device(config.device))
    if name != _SHARED and (world() > 1 or config.processes > 1):
        raise LabError(f"stage {name} runs in one process", f"set `{name}.processes: 1`, and start it without torchrun")
    set_threads(config.threads)
    place_memory(model)
    # Each process drops other activations, since it has other rows.
    torch.manual_seed(derive(seed, f"{name}/dropout" + (f"/{rank()}" if rank() else "")))
    rows = 1 if device.type == "cuda" else pass_rows(config)
    needed = memory_needed(config, model, vocab_size, rows, compute_dtype(config.precision, device).itemsize, isolated)
    free = psutil.virtual_memory().available // here() if device.type == "cpu" else _gpu_memory(device)
    if needed > free:
        raise LabError(
            f"training needs about {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free on {device}",
            "set `micro_rows` lower, `model.gradient_checkpointing: true`, or a smaller `model.depth`",
        )
    print(f"{name} needs about {needed / 2**20:,.0f} MiB beside the program itself, {free / 2**20:,.0f} are free")
    return device


def place_memory(model: ModelConfig) -> None:
    """Keep freed memory for speed, or give it back where layers are recomputed to save it."""
    if model.gradient_checkpointing:
        return_freed_memory()
    else:
        keep_freed_memory()


def pass_rows(config: TrainConfig) -> int:
    """Rows of one pass in one process of those that are, or will be."""
    processes = 1 if config.parallel == "pipeline" else max(world(), config.processes)
    share = max(1, config.rows // processes)
    return min(config.micro_rows or share, share)


def memory_needed(
    config: TrainConfig, model: ModelConfig, vocab_size: int, rows: int, width: int, isolated: bool = False
) -> int:
    """Bytes that a process of a run with passes of `rows` rows needs, with numbers of `width` bytes in its products."""
    processes = max(world(), config.processes)
    parts = footprint(
        model,
        vocab_size,
        rows,
        width,
        optimizer=config.optimizer,
        isolated=isolated or config.mask_documents or config.packing == "documents",
        parallel=config.parallel if processes > 1 else "none",
        processes=processes,
    )
    # DDP keeps its gradients from step to step.
    accumulate = processes > 1 or rows < config.rows
    if config.device == "cuda":
        return parts.peak(accumulate)  # the best weights and milestones lie in the machine's memory
    snapshots = parts.weights * (1 + len(config.milestones))
    # A mask fits into the hole that another one leaves.
    kept = parts.activations - parts.masks
    holes = int(_OF_ACTIVATIONS * kept + _OF_WORKSPACE * parts.workspace + _OF_LOGITS * parts.logits)
    if model.gradient_checkpointing:
        holes = 0  # see `place_memory`
    # At the end there is one more copy of the weights.
    return _HEAP + holes + snapshots + parts.peak(accumulate, end=parts.weights)


def make_source(shard: Shard, config: TrainConfig, model: ModelConfig, seed: int, pad: int) -> BatchSource:
    """The batch source that `train.packing` names; errors as that source's."""
    order = derive(seed, "data order")
    if config.packing == "documents":
        documents = [shard.document(index) for index in range(len(shard.starts))]
        return PackedSource(documents, None, model.context, order, pad)
    return StreamSource(shard, model.context, order, config.mask_documents, config.passes)


def _gpu_memory(device: torch.device) -> int:
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else psutil.virtual_memory().available
