"""Training tokens per second, share of the machine's own matrix peak, and memory, against nanoGPT's loop.

    python bench/throughput.py --device cuda --sizes 124m --rows 32
    python bench/throughput.py --head                        what the loss takes beside the model, at 14 M parameters

Every setting is a process of its own, so that peaks of memory do not mix; ours goes through the library's one loop,
the peer's is `nanogpt.take_step`, compiled like ours where ours is compiled. Both train on random ids with AdamW. Speed
is the median of the steps after the first ones, in which compiling and warming-up fall; `waiting` is the share of our
steps in which the loop gets its rows from a file of ids. Prints a table and, with `--json FILE`, writes all figures.
"""

import json
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import nanogpt
import numpy as np
import torch
import typer
from apart import in_process
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from llmlab.artifacts.params import load_section
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.model.transformer import Transformer
from llmlab.pipeline.presets import apply_preset
from llmlab.runtime.device import machine_facts, peak_memory_mib, set_threads
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import Batch, StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.train.config import TrainConfig
from llmlab.train.head import head_loss
from llmlab.train.loop import train

# Name: model, vocabulary. The last is GPT-2's size.
SIZES: dict[str, tuple[ModelConfig, int]] = {
    "0.2m": (ModelConfig(depth=2, width=64, head_size=32, context=128, ffn="relu2"), 1024),
    "2m": (ModelConfig(depth=3, width=192, context=256, ffn="relu2"), 4096),
    "14m": (ModelConfig(depth=6, width=384, context=256, ffn="relu2"), 8192),
    "124m": (ModelConfig(depth=12, width=768, context=1024, ffn="relu2"), 50304),
}
ROOT = Path(__file__).resolve().parent.parent
ATTENTION = {"fused": None, "explicit": SDPBackend.MATH}


def of_preset(name: str) -> tuple[ModelConfig, int, TrainConfig]:
    """Model, vocabulary and training of a preset, laid over `real` as its header says."""
    with tempfile.TemporaryDirectory() as folder:
        params = Path(folder) / "params.yaml"
        params.write_bytes((ROOT / "params.yaml").read_bytes())
        for each in ("real", name):
            apply_preset(params, ROOT / "presets", each)
        vocab = load_section(params, "tokenizer", TokenizerConfig).vocab_size
        return load_section(params, "model", ModelConfig), vocab, load_section(params, "train", TrainConfig)


def shard(vocab_size: int, tokens: int) -> Shard:
    """Random ids in one document."""
    ids = np.random.default_rng(1).integers(0, vocab_size, tokens).astype(np.uint16)
    return Shard(ids, np.zeros(1, np.int64), np.ones(1, np.int64), ["english"], ["prose"], [""])


class TimedSource(StreamSource):
    """Ids in a file, and the seconds that the loop waited for its rows."""

    def __init__(self, held: Shard, context: int, folder: Path) -> None:
        held.ids.tofile(folder / "ids.bin")
        mapped = np.memmap(folder / "ids.bin", dtype=held.ids.dtype, mode="r")
        super().__init__(replace(held, ids=mapped), context, 1, mask_documents=False)
        self.waited = 0.0

    def batch(self, position: int, rows: int) -> Batch:
        started = time.perf_counter()
        found = super().batch(position, rows)
        self.waited += time.perf_counter() - started
        return found


def marks_of(device: torch.device) -> tuple[list[float], Any]:
    """Clock readings, and a function that takes one when the device has done all it was given."""
    marks: list[float] = []

    def mark(_: int = 0) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    return marks, mark


def ours(
    shape: ModelConfig, vocab: int, setting: dict[str, Any], device: torch.device
) -> tuple[list[float], float | None]:
    """Times of the steps of our loop, and the share of all of them that it waited for rows."""
    rows, steps = setting["rows"], setting["steps"]
    config = TrainConfig(
        steps=steps, rows=rows * setting["passes"], micro_rows=rows, optimizer=setting["optimizer"], lr=1e-3, warmup=1,
        precision=setting["precision"], compile=setting["compile"], device=device.type, threads=setting["threads"],
        validate_every=10_000, checkpoint_every=10_000,
    )  # fmt: skip
    data = shard(vocab, (rows * setting["passes"] * steps + 2) * shape.context)
    model = Transformer(shape, vocab, torch_generator(1, "init")).to(device)
    validation = evaluation_batches(shard(vocab, 2 * shape.context + 2), shape.context, 1, mask_documents=False)
    marks, mark = marks_of(device)
    with tempfile.TemporaryDirectory() as scratch:
        source = TimedSource(data, shape.context, Path(scratch))
        # The last step's mark would hold the closing validation.
        train(model, source, validation, config, scratch=Path(scratch) / "run", name="ours", after_step=mark)
    times = [after - before for before, after in pairwise(marks[:-1])]
    return times, source.waited / steps / median(times)


def peer(
    shape: ModelConfig, vocab: int, setting: dict[str, Any], device: torch.device
) -> tuple[list[float], float | None]:
    """Times of the steps of nanoGPT's loop, with a model of the same depth and width."""
    torch.manual_seed(1)
    width = shape.resolved_width
    model = nanogpt.GPT(vocab, nanogpt.Size(shape.depth, shape.heads, width, shape.context)).to(device)
    optimizer = nanogpt.make_optimizer(model)
    compiled = torch.compile(model) if setting["compile"] else model
    dtype = torch.bfloat16 if setting["precision"] == "bf16" else torch.float32
    data = torch.from_numpy(shard(vocab, 1_000_000).ids.astype(np.int64))
    marks, mark = marks_of(device)
    for _ in range(setting["steps"]):
        passes = []
        for _ in range(setting["passes"]):
            where = torch.randint(len(data) - shape.context - 1, (setting["rows"],))[:, None]
            passes.append(data[where + torch.arange(shape.context + 1)].to(device))
        nanogpt.take_step(compiled, optimizer, passes, dtype)
        mark()
    return [after - before for before, after in pairwise(marks)], None


def head_memory(setting: dict[str, Any]) -> dict[str, Any]:
    """MiB and seconds of the head and its loss, forward and backward, beside what they are given and give back."""
    set_threads(setting["threads"])
    shape, vocab = SIZES["14m"]
    count, width = setting["rows"] * shape.context, shape.resolved_width
    generator = torch_generator(1, "head")
    hidden = torch.randn(count, width, generator=generator).requires_grad_()
    weight = (torch.randn(vocab, width, generator=generator) * 0.02).requires_grad_()
    targets = torch.randint(vocab, (count,), generator=generator)

    def loss(some: int) -> Tensor:
        if setting["who"] == "ours":
            return head_loss(hidden[:some], weight, targets[:some])
        return F.cross_entropy(F.linear(hidden[:some], weight), targets[:some], reduction="sum")

    loss(8).backward()  # loads kernels and makes both gradients, which belong to the model
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    started = time.perf_counter()
    loss(count).backward()
    return {**setting, "seconds": time.perf_counter() - started, "memory_mib": (resident("VmHWM") - before) / 2**10}


def resident(key: str) -> int:
    """KiB of this process, now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in lines if each.startswith(key))


def print_head(rows: int, threads: int) -> list[dict[str, Any]]:
    """What the head takes, ours and the plain one, each in a process of its own."""
    found = []
    for who in ("ours", "plain"):
        found.append(in_process(__file__, {"part": "head", "who": who, "rows": rows, "threads": threads}))
        got = found[-1]
        print(f"head and loss, {who:>5}: {got['memory_mib']:6.0f} MiB, {1000 * got['seconds']:6.0f} ms", flush=True)
    print(f"{found[0]['memory_mib'] / found[1]['memory_mib']:.2f} times the plain one's memory (aim: at most 0.5)")
    return found


def matrix_peak(device: torch.device, precision: str) -> float:
    """FLOP/s of one large matrix product of random numbers: the best of several."""
    size = 8192 if device.type == "cuda" else 2048
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    marks, mark = marks_of(device)
    for _ in range(12):
        mark()
        a @ b
    mark()
    return 2 * size**3 / min(after - before for before, after in pairwise(marks[2:]))


def measure(setting: dict[str, Any]) -> dict[str, Any]:
    """One setting, in this process."""
    if setting.get("part") == "head":
        return head_memory(setting)
    device = torch.device(setting["device"])
    set_threads(setting["threads"])
    shape, vocab = SIZES.get(setting["size"]) or of_preset(setting["size"])[:2]
    run = ours if setting["who"] == "ours" else peer
    backend = ATTENTION[setting["attention"]]
    if backend is None:
        times, waiting = run(shape, vocab, setting, device)
    else:
        with sdpa_kernel(backend):
            times, waiting = run(shape, vocab, setting, device)
    seconds = median(times[len(times) // 3 :])
    speed = setting["rows"] * setting["passes"] * shape.context / seconds
    flops = speed * flops_per_token(shape, vocab)
    memory = torch.cuda.max_memory_reserved() / 2**20 if device.type == "cuda" else peak_memory_mib()
    return {
        **setting,
        "parameters": count_parameters(shape, vocab)["total"],
        "tokens_per_second": round(speed),
        "flops": flops,
        "share_of_peak": round(flops / matrix_peak(device, setting["precision"]), 3),
        "peak_memory_mib": round(memory),
        "first_steps_s": round(sum(times[: len(times) // 3]), 1),
        "waiting": waiting,
    }


def settings(size: str, device: str, rows: int, passes: int, steps: int, threads: int) -> list[dict[str, Any]]:
    """What is compared: both, eager and compiled, fp32 and bf16; ours with Muon, and without the fused attention.

    Without it means eager: the compiler finds the formula of attention and puts the fused kernel in its place.
    """
    base = {"size": size, "device": device, "rows": rows, "passes": passes, "steps": steps, "threads": threads}
    base |= {"optimizer": "adamw", "attention": "fused", "compile": True, "precision": "bf16"}
    found = []
    for compiled in (True, False):
        for precision in ("bf16", "fp32"):
            same = {**base, "compile": compiled, "precision": precision}
            found += [{**same, "who": "ours"}, {**same, "who": "nanogpt"}]
    found.append({**base, "who": "ours", "compile": False, "attention": "explicit"})
    found.append({**base, "who": "ours", "optimizer": "muon"})
    return found


def preset_setting(name: str, device: str, steps: int, threads: int) -> dict[str, Any]:
    """A preset as it is, but for the number of steps."""
    _, _, config = of_preset(name)
    rows = config.micro_rows or config.rows
    return {
        "size": name, "who": "ours", "device": device, "rows": rows, "passes": config.rows // rows, "steps": steps,
        "threads": threads, "optimizer": config.optimizer, "attention": "fused", "compile": config.compile,
        "precision": config.precision,
    }  # fmt: skip


def line(got: dict[str, Any]) -> str:
    """A row of the table."""
    mode = "compiled" if got["compile"] else "eager"
    head = (
        f"{got['size']:>8} {got['who']:>8} {got['precision']:>5} {mode:>9} {got['optimizer']:>6} {got['attention']:>9}"
    )
    if "failed" in got:
        return f"{head}  failed: {got['failed']}"
    waiting = f", waiting {100 * got['waiting']:.2f} %" if got["waiting"] is not None else ""
    return (
        f"{head} {got['tokens_per_second']:>10,} tokens/s {100 * got['share_of_peak']:5.1f} % of peak"
        f" {got['peak_memory_mib']:>7,} MiB, first steps {got['first_steps_s']} s{waiting}"
    )


def main(  # noqa: PLR0913 - one argument per option
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    sizes: Annotated[str, typer.Option(help=f"some of {', '.join(SIZES)}, or presets for a card")] = "0.2m,2m,14m",
    rows: Annotated[int, typer.Option(help="rows of a forward pass")] = 8,
    passes: Annotated[int, typer.Option(help="forward passes of a step")] = 1,
    steps: Annotated[int, typer.Option(help="updates of each setting")] = 12,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 2,
    skip: Annotated[str, typer.Option(help="leave out what is fp32, bf16, compiled, eager, ours or nanogpt")] = "",
    head: Annotated[bool, typer.Option("--head", help="only the memory of the head and its loss, on a CPU")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    if head:
        found = print_head(rows, threads)
        if json_file is not None:
            json_file.write_text(json.dumps({"head": found, "machine": machine_facts()}, indent=1))
        return
    found = []
    for size in sizes.split(","):
        known = size in SIZES
        wanted = settings(size, device, rows, passes, steps, threads) if known else []
        for setting in wanted or [preset_setting(size, device, min(steps, 8), threads)]:
            kinds = (setting["precision"], setting["who"], "compiled" if setting["compile"] else "eager")
            if not set(skip.split(",")) & set(kinds):
                found.append(in_process(__file__, setting))
                print(line(found[-1]), flush=True)
                if json_file is not None:
                    json_file.write_text(json.dumps({"settings": found, "machine": machine_facts()}, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(json.loads(sys.argv[2]))))
    else:
        typer.run(main)
