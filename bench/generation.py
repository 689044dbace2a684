"""Generated tokens per second against nanoGPT's `generate`, by cache, batch and context, with the bound of memory.

    lab bench generation                                 all parts, about six minutes on two quiet cores
    lab bench generation --part race --rounds 5          the comparison only
    lab bench generation --part quality --model models/base

Parts. `race`: 256 ids from one, our ways and nanoGPT's uncached `generate` in turn, in every round. `table`: steps at
a given length of the cache. `products`: the ways that torch has to multiply 8-bit matrices by few vectors. `quality`:
bits per byte of a trained model in fp32 and with 8-bit weights, every product through the 8-bit kernel. `guess`: how
many ids a reading gives when they are guessed ahead, on the same trained model. The first three take a model of random
weights with 14 M parameters and a vocabulary of 8,192 (`throughput.SIZES`).

The bound of memory: each step reads every matrix once and the keys and values of every row, so no step is shorter than
their bytes over the bandwidth, measured beside it on a block of the size of the weights, which may fit in the
processor's cache. Times are medians, and change with what else the machine does: compare within a round.
"""

import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import nanogpt
import torch
import typer
from matplotlib.figure import Figure
from throughput import SIZES
from torch import Tensor, nn

from llmlab.artifacts.manifest import read_json
from llmlab.compress.int8 import Int8Linear, quantised, to_int8
from llmlab.decode import speculative
from llmlab.decode.cache import with_room
from llmlab.decode.compiled import CompiledReader
from llmlab.decode.engine import generate, stream
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bits_per_byte import score_model
from llmlab.model.cache import KVCache, LayerCache
from llmlab.model.checkpoint import load_model
from llmlab.model.config import ModelConfig
from llmlab.model.count import cache_bytes_per_token
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts, set_threads
from llmlab.runtime.seed import torch_generator
from llmlab.shards.format import Shard, read_shard
from llmlab.viz.theme import MUTED, save_picture

PARTS = ("race", "table", "products", "quality", "guess")
LENGTHS, BATCHES = (64, 256, 1024), (1, 4, 16)
ALL_ROWS = 10**9
PEER = "nanoGPT, uncached"
Timed = dict[str, float]


def model_14m(context: int = 256) -> Transformer:
    shape, vocab = SIZES["14m"]
    wide = ModelConfig(depth=shape.depth, width=shape.width, context=context, ffn=shape.ffn)
    return Transformer(wide, vocab, torch_generator(1, "init")).eval()


def reader(model: Transformer, int8: bool, few_rows: int = 16, kind: type[Reader] = Reader) -> Reader:
    found = kind(model)
    if int8:
        to_int8(found, few_rows)
    return found


def seconds(work: Callable[..., Any], *given: Any) -> float:
    started = time.perf_counter()
    work(*given)
    return time.perf_counter() - started


def race(count: int, rounds: int) -> dict[str, Any]:
    """Ids per second of each way, all of them once in every round, and the ratio to the peer within it."""
    model, (shape, vocab) = model_14m(), SIZES["14m"]
    # Which weights the peer has does not matter; it draws them from the global generator.
    peer = nanogpt.GPT(vocab, nanogpt.Size(shape.depth, shape.heads, shape.resolved_width, shape.context)).eval()

    def ours(of: Transformer, kind: Any) -> Callable[[int], Any]:
        config = SamplingConfig(temperature=1.0, max_new=count)
        return lambda most: list(islice(stream(of, [1], config, torch_generator(1, "race"), kind=kind), most))

    ways: dict[str, Callable[[int], Any]] = {
        PEER: lambda most: peer.generate(torch.tensor([[1]]), most),
        "growing cache": ours(model, "growing"),
        "static cache": ours(model, "static"),
        "joined, static": ours(reader(model, int8=False), "static"),
        "joined, static, int8": ours(reader(model, int8=True), "static"),
        "compiled, static, int8": ours(reader(model, int8=True, kind=CompiledReader), "static"),
    }
    for way in ways.values():
        way(8)
    times = [{name: seconds(way, count) for name, way in ways.items()} for _ in range(rounds)]
    return {name: speeds(count, [row[name] for row in times], [row[PEER] for row in times]) for name in ways}


def speeds(count: int, ours: list[float], peers: list[float]) -> Timed:
    ratios = [peer / own for own, peer in zip(ours, peers, strict=True)]
    return {
        "tokens_per_second": count / median(ours), "slowest": count / max(ours), "fastest": count / min(ours),
        "ratio": median(ratios), "ratio_low": min(ratios), "ratio_high": max(ratios),
    }  # fmt: skip


def bandwidth(block_bytes: int) -> float:
    """Bytes per second of reading a block of that size again and again: the best of several."""
    block = torch.ones(max(1, block_bytes // 4))
    repeats = max(3, 2**28 // block_bytes)
    return block_bytes / min(seconds(lambda: torch.dot(block, block)) for _ in range(repeats))


def matrix_bytes(model: nn.Module) -> int:
    plain = sum(module.weight.nbytes for module in model.modules() if isinstance(module, nn.Linear))
    return plain + sum(m.q_NK.nbytes + m.scale_N.nbytes for m in model.modules() if isinstance(m, Int8Linear))


@torch.inference_mode()
def step_seconds(model: Transformer, batch: int, length: int, static: bool, steps: int) -> float:
    """The median time of a step that reads one id a row, after `length` positions of random keys and values."""
    generator, shape = torch_generator(1, "table"), model.config
    size = (batch, shape.resolved_kv_heads, length, shape.head_size)
    layers = tuple(
        LayerCache(torch.randn(size, generator=generator), torch.randn(size, generator=generator))
        for _ in range(shape.depth)
    )
    ids = torch.randint(model.vocab_size, (batch, length), generator=generator)
    cache = KVCache(layers, ids, torch.zeros_like(ids))
    read = model.read if isinstance(model, Reader) else model.extend
    if static:
        cache = with_room(cache, length + steps)
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        logits, cache = read(ids[:, :1], cache)
        logits[:, -1].argmax(-1)
        times.append(time.perf_counter() - started)
    return median(times)


def table(steps: int) -> list[dict[str, Any]]:
    """Every kind at every batch and length, and what memory alone would allow."""
    model = model_14m(max(LENGTHS) + steps)
    kinds = {
        "growing": (model, False), "static": (model, True), "joined, static": (reader(model, int8=False), True),
        "joined, static, int8": (reader(model, int8=True), True),
    }  # fmt: skip
    found = []
    for name, (each, static) in kinds.items():
        weights = matrix_bytes(each)
        rate = bandwidth(weights)
        for batch in BATCHES:
            for length in LENGTHS:
                read = weights + batch * length * cache_bytes_per_token(model.config)
                took = step_seconds(each, batch, length, static, steps)
                found.append({
                    "kind": name, "batch": batch, "context": length, "tokens_per_second": batch / took,
                    "step_ms": 1000 * took, "bytes_read": read, "bandwidth": rate, "bound": batch * rate / read,
                })  # fmt: skip
    return found


def products(repeats: int) -> dict[str, Timed]:
    """Microseconds of all matrix products of one step of the 14 M model, by way and rows."""
    linears = [module for module in reader(model_14m(), int8=False).modules() if isinstance(module, nn.Linear)]
    weights = [linear.weight.detach() for linear in linears]
    found: dict[str, Timed] = {}
    for rows in (1, 4, 16):
        inputs = [torch.randn(rows, weight.shape[1]) for weight in weights]
        for name, make in WAYS.items():
            calls = [make(weight, x) for weight, x in zip(weights, inputs, strict=True)]
            with torch.inference_mode():
                times = [seconds(lambda calls=calls: [call() for call in calls]) for _ in range(repeats)]
            found.setdefault(name, {})[str(rows)] = 1e6 * median(times)
    return found


def dynamic(weight: Tensor, x: Tensor) -> Callable[[], Tensor]:
    scales, zeros = quantised(weight)[1].double(), torch.zeros(len(weight), dtype=torch.long)
    packed = torch.ops.quantized.linear_prepack(torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8), None)
    return lambda: torch.ops.quantized.linear_dynamic(x, packed, True)


def packed_int8(weight: Tensor, x: Tensor, dtype: torch.dtype) -> Callable[[], Tensor]:
    q, scales = quantised(weight)
    scales = scales.to(dtype)
    return lambda: torch._weight_int8pack_mm(x.to(dtype), q, scales).to(x.dtype)


def halved(weight: Tensor, x: Tensor) -> Callable[[], Tensor]:
    half = weight.bfloat16()
    return lambda: nn.functional.linear(x.bfloat16(), half).float()


def dequantised(weight: Tensor, x: Tensor) -> Callable[[], Tensor]:
    q, scales = quantised(weight)
    return lambda: nn.functional.linear(x, q.float()) * scales


WAYS: dict[str, Callable[[Tensor, Tensor], Callable[[], Tensor]]] = {
    "fp32": lambda weight, x: lambda: nn.functional.linear(x, weight),
    "bf16": halved,
    "int8 weights, bf16 vectors": lambda weight, x: packed_int8(weight, x, torch.bfloat16),
    "int8 weights, fp32 vectors": lambda weight, x: packed_int8(weight, x, torch.float32),
    "int8 weights and vectors (fbgemm)": dynamic,
    "int8 made fp32 again": dequantised,
}


def held_out(shard: Path, model: Path) -> Shard:
    return read_shard(shard, read_json(model / "tokenizer.json", "pretrain")["sha256"])


def quality(folder: Path, shard: Shard) -> dict[str, Any]:
    """Bits per byte, with the loss of the 8-bit form in percent."""
    model = load_model(folder, "pretrain")
    scores = {
        "fp32": score_model(model, shard),
        "joined": score_model(reader(model, int8=False), shard),
        "int8": score_model(reader(model, int8=True, few_rows=ALL_ROWS), shard),
    }
    found: dict[str, Any] = {}
    for lang in [None, *sorted(set(shard.languages))]:
        bits = {name: scored.of(lang).bits_per_byte() for name, scored in scores.items()}
        found[lang or "all"] = {**bits, "loss_percent": 100 * (bits["int8"] / bits["fp32"] - 1)}
    return found


def guess(folder: Path, draft: Path | None, shard: Shard, count: int, prompts: int) -> dict[str, Any]:
    """Ids per reading, share of guesses kept, and time against no guessing, all on the joined model."""
    model = reader(load_model(folder, "pretrain"), int8=False)
    config = SamplingConfig(temperature=0.6, top_p=0.95, max_new=count)
    guessers: dict[str, Callable[[], speculative.Guesser]] = {"lookup": lambda: speculative.Lookup(model.vocab_size)}
    if draft is not None:
        small = reader(load_model(draft, "pretrain"), int8=False)
        guessers["draft"] = lambda: speculative.Draft(small, config)
    places = torch.randperm(len(shard.starts), generator=torch_generator(1, "guess"))[:prompts].tolist()
    texts = [shard.document(place)[: model.config.context // 4].astype(int).tolist() for place in places]
    found = {name: {"ids": 0, "readings": 0, "guessed": 0, "seconds": 0.0, "plain_seconds": 0.0} for name in guessers}
    for text in texts:
        started = time.perf_counter()
        generate(model, [text], config, torch_generator(1, "plain"), kind="static")
        plain = time.perf_counter() - started
        for name, make in guessers.items():
            started = time.perf_counter()
            made = list(speculative.rounds(model, text, config, torch_generator(1, name), make()))
            one = found[name]
            one["seconds"] += time.perf_counter() - started
            one["plain_seconds"] += plain
            one["ids"] += sum(len(each.ids) for each in made)
            one["readings"] += len(made)
            one["guessed"] += sum(each.guessed for each in made)
    for one in found.values():
        one["ids_per_reading"] = one["ids"] / one["readings"]
        one["kept"] = (one["ids"] - one["readings"]) / max(1, one["guessed"])
        one["speedup"] = one["plain_seconds"] / one["seconds"]
    return found


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Tokens per second against context at batch 1 and against batch at the middle context; dashed: the bound."""

    def paint(figure: Figure) -> None:
        middle = LENGTHS[len(LENGTHS) // 2]
        panels = (("context", "batch", 1), ("batch", "context", middle))
        for axes, (across, fixed, value) in zip(figure.subplots(1, 2), panels, strict=True):
            for number, kind in enumerate(dict.fromkeys(row["kind"] for row in rows)):
                mine = [row for row in rows if row["kind"] == kind and row[fixed] == value]
                color = f"C{number}"
                where = [row[across] for row in mine]
                axes.plot(where, [row["tokens_per_second"] for row in mine], color=color, marker="o", label=kind)
                axes.plot(where, [row["bound"] for row in mine], color=color, linestyle=":", linewidth=1)
            axes.set(xscale="log", yscale="log", xlabel=across, ylabel="tokens per second", title=f"{fixed} {value}")
            axes.set_xticks(
                sorted({row[across] for row in rows}), [str(x) for x in sorted({row[across] for row in rows})]
            )
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.minorticks_off()
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
        figure.supxlabel("14 M parameters, vocabulary 8,192; dotted: bytes read over measured bandwidth", color=MUTED)

    save_picture(path, (10, 4.4), paint)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The figures as text."""
    for name, row in found.get("race", {}).items():
        yield (
            f"{name:>22} {row['tokens_per_second']:8.1f} tokens/s [{row['slowest']:.1f}, {row['fastest']:.1f}]"
            f"  {row['ratio']:6.1f} x nanoGPT [{row['ratio_low']:.1f}, {row['ratio_high']:.1f}]"
        )
    for row in found.get("table", []):
        yield (
            f"{row['kind']:>22} batch {row['batch']:>2} context {row['context']:>4}"
            f" {row['tokens_per_second']:8.0f} tokens/s of {row['bound']:8.0f} that memory allows"
            f" ({row['bandwidth'] / 1e9:.0f} GB/s)"
        )
    for name, row in found.get("products", {}).items():
        yield f"{name:>34} " + "  ".join(f"{rows:>2} rows {time:8.0f} us" for rows, time in row.items())
    for lang, row in found.get("quality", {}).items():
        yield f"{lang:>12} bits per byte {row['fp32']:.4f} fp32, {row['int8']:.4f} int8: {row['loss_percent']:+.3f} %"
    for name, row in found.get("guess", {}).items():
        yield (
            f"{name:>12} {row['ids_per_reading']:.2f} ids a reading, {100 * row['kept']:.0f} % of guesses kept,"
            f" {row['speedup']:.2f} times as fast"
        )


def main(  # noqa: PLR0913 - one argument per option
    part: Annotated[list[str] | None, typer.Option(help=f"some of {', '.join(PARTS)}; all without it")] = None,
    tokens: Annotated[int, typer.Option(help="ids of a race and of a guess")] = 256,
    rounds: Annotated[int, typer.Option(help="rounds of the race")] = 5,
    steps: Annotated[int, typer.Option(help="steps of each row of the table")] = 30,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 2,
    model: Annotated[Path, typer.Option(help="trained model, for `quality` and `guess`")] = Path("models/base"),
    draft: Annotated[Path | None, typer.Option(help="smaller model of the same tokenizer, for `guess`")] = None,
    shard: Annotated[Path, typer.Option(help="held-out ids, for `quality` and `guess`")] = Path("data/shards/test"),
    plot: Annotated[Path | None, typer.Option(help="draw the table here, a PNG")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    set_threads(threads)
    work: dict[str, Callable[[], Any]] = {
        "race": lambda: race(tokens, rounds),
        "table": lambda: table(steps),
        "products": lambda: products(steps),
        "quality": lambda: quality(model, held_out(shard, model)),
        "guess": lambda: guess(model, draft, held_out(shard, model), min(tokens, 128), 12),
    }
    found: dict[str, Any] = {}
    for name in part or PARTS:
        found[name] = work[name]()
        print("\n".join(lines({name: found[name]})), flush=True)
        if json_file is not None:
            json_file.write_text(json.dumps({**found, "seed": 1, "machine": machine_facts()}, indent=1))
    if plot is not None and "table" in found:
        draw(found["table"], plot)


if __name__ == "__main__":
    typer.run(main)
