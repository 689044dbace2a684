"""What training needs in memory and time with adapters, against full fine-tuning, and how fast adapters are switched.

    python bench/adapters.py --size 14m --rows 8
    python bench/adapters.py --size 124m --rows 32 --device cuda --precision bf16

Every variant is a process of its own and goes through the library's one loop on random ids with AdamW. Bytes are
counted and not sampled: weights as they lie in memory, gradients and AdamW's two moments of what is trained, and what
one forward pass keeps for the backward pass. On a GPU the allocator's peak over the steps stands beside. Then two
adapters on one model: reading one from disk, switching, folding into the weights and out again. Times on a CPU are
processor seconds, so that others may work beside. With `--json FILE` all figures are written.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from apart import in_process
from throughput import SIZES, shard
from torch import nn

from llmlab.adapt.bank import fold, unfold, use
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora
from llmlab.adapt.store import load_adapter, save_adapter
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts, set_threads
from llmlab.runtime.precision import autocast, compute_dtype
from llmlab.runtime.saved_tensors import bytes_of, kept_for_backward
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.losses import next_token_loss

VARIANTS: dict[str, dict[str, Any] | None] = {
    "full": None,
    "lora": {},
    "lora attention": {"targets": ["attention"]},
    "dora": {"dora": True},
    "nf4": {"quantize": "nf4"},
    "nf4-double": {"quantize": "nf4-double"},
    "nf4-double dora": {"quantize": "nf4-double", "dora": True},
}
MIB = 2**20


def held_for_backward(model: nn.Module, source: StreamSource, setting: dict[str, Any]) -> int:
    """Bytes that one forward pass keeps for the backward pass, parameters and buffers not counted."""
    device = next(model.parameters()).device
    batch = source.batch(0, setting["rows"]).to(device)
    model.train()
    with autocast(compute_dtype(setting["precision"], device), device):
        return kept_for_backward(model, lambda: next_token_loss(model, batch))


def run(
    model: nn.Module, source: StreamSource, setting: dict[str, Any], device: torch.device
) -> tuple[int, float | None]:
    """Tokens per second of the loop, and on a GPU the allocator's peak in MiB."""
    config = TrainConfig(
        steps=setting["steps"], rows=setting["rows"], lr=1e-3, warmup=1, precision=setting["precision"],
        device=device.type, threads=setting["threads"], validate_every=10_000, checkpoint_every=10_000,
    )  # fmt: skip
    shape, vocab = SIZES[setting["size"]]
    validation = evaluation_batches(shard(vocab, 2 * shape.context + 2), shape.context, 1, mask_documents=False)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        train(
            model,
            source,
            validation,
            config,
            scratch=Path(scratch) / "run",
            name="bench",
            after_step=lambda _: marks.append(now(device)),
        )
    # The last step's mark would hold the closing validation.
    times = [after - before for before, after in pairwise(marks[:-1])]
    peak = torch.cuda.max_memory_allocated() / MIB if device.type == "cuda" else None
    return round(config.rows * shape.context / median(times)), peak


def measure(setting: dict[str, Any]) -> dict[str, Any]:
    """One variant, in this process."""
    device = torch.device(setting["device"])
    set_threads(setting["threads"])
    shape, vocab = SIZES[setting["size"]]
    model: nn.Module = Transformer(shape, vocab, torch_generator(1, "init"))
    values = VARIANTS[setting["variant"]]
    if values is not None:
        add_lora(model, LoraConfig(rank=setting["rank"], **values), torch_generator(1, "lora init"))
    model = model.to(device)
    tokens = (setting["rows"] * max(1, setting["steps"]) + 2) * shape.context
    source = StreamSource(shard(vocab, tokens), shape.context, 1, mask_documents=False)
    held = held_for_backward(model, source, setting)
    speed, peak = run(model, source, setting, device) if setting["steps"] else (None, None)
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    parts = {
        "weights": bytes_of((*model.parameters(), *model.buffers())) / MIB,
        "gradients": 4 * trained / MIB,
        "moments": 8 * trained / MIB,
        "activations": held / MIB,
    }
    return {
        **setting,
        "trained": trained,
        **parts,
        "sum": sum(parts.values()),
        "peak": peak,
        "tokens_per_second": speed,
    }


def now(device: torch.device) -> float:
    """Seconds: of this process's work on a CPU, where others may work beside it, and by the clock on a GPU."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def usual(call: Callable[[int], None], device: torch.device, times: int = 10) -> float:
    """Milliseconds of the median call."""
    found = []
    for number in range(times):
        started = now(device)
        call(number)
        found.append(1000 * (now(device) - started))
    return median(found)


def switching(setting: dict[str, Any]) -> dict[str, float]:
    """Milliseconds of what is done with two adapters on one model."""
    device = torch.device(setting["device"])
    set_threads(setting["threads"])
    shape, vocab = SIZES[setting["size"]]
    model = Transformer(shape, vocab, torch_generator(1, "init"))
    config = LoraConfig(rank=setting["rank"])
    add_lora(model, config, torch_generator(1, "lora init"), "one")
    model.to(device)
    with tempfile.TemporaryDirectory() as name:
        save_adapter(model, Path(name), config, "", {}, "one")
        read = usual(lambda number: _read(model, Path(name), f"read-{number}"), device, 3)
    two = ("one", "read-0")
    found = {"read": read, "switch": usual(lambda number: use(model, {two[number % 2]: 1.0}), device)}
    found["fold"] = usual(lambda _: (unfold(model), fold(model))[0], device, 3)
    return found


def _read(model: nn.Module, folder: Path, name: str) -> None:
    load_adapter(model, folder, "", name)
    model.to(next(model.parameters()).device)


def line(got: dict[str, Any]) -> str:
    """A row of the table."""
    if "failed" in got:
        return f"{got['variant']:>16}  failed: {got['failed']}"
    cells = "".join(f"{got[name]:>12,.1f}" for name in ("weights", "gradients", "moments", "activations", "sum"))
    peak = "" if got["peak"] is None else f"{got['peak']:>12,.1f}"
    speed = "" if got["tokens_per_second"] is None else f"{got['tokens_per_second']:>12,}"
    return f"{got['variant']:>16}{got['trained']:>14,}{cells}{peak}{speed}"


def main(
    size: Annotated[str, typer.Option(help=f"one of {', '.join(SIZES)}")] = "14m",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    rows: Annotated[int, typer.Option(help="rows of a step")] = 8,
    rank: Annotated[int, typer.Option(help="rank of every update")] = 8,
    steps: Annotated[int, typer.Option(help="updates of each variant, at least 4; 0: only count bytes")] = 6,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 2,
    precision: Annotated[str, typer.Option(help="fp32 or bf16")] = "fp32",
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    base = {"size": size, "device": device, "rows": rows, "rank": rank, "steps": steps, "threads": threads}
    base |= {"precision": precision}
    names = [
        "trained",
        "weights",
        "gradients",
        "moments",
        "activations",
        "sum",
        *(["peak"] if device == "cuda" else []),
    ]
    print(f"{size}, rank {rank}, {rows} rows; MiB" + "\n" + " " * 16 + f"{names[0]:>14}", end="")
    print("".join(f"{name:>12}" for name in (*names[1:], "tokens/s")), flush=True)
    found = []
    for variant in VARIANTS:
        found.append(in_process(__file__, {**base, "variant": variant}))
        print(line(found[-1]), flush=True)
    times = switching(base)
    print(", ".join(f"{name} {value:.2f} ms" for name, value in times.items()))
    if json_file is not None:
        figures = {"variants": found, "milliseconds": times, "machine": machine_facts()}
        json_file.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(json.loads(sys.argv[2]))))
    else:
        typer.run(main)
