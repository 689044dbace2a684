"""Seconds on a CPU to the loss of nanoGPT's GPU recipe on Tiny Shakespeare: a transformer, n-gram counts, and both.

    python bench/time_to_gpu_loss.py                     two threads, one seed (about a quarter of an hour)
    python bench/time_to_gpu_loss.py --seeds 3 --json best.json --picture best.png

Trains preset `shakespeare-best`, and from time to time asks for the loss in nats per character on the whole validation
text, in non-overlapping windows of 256 of which nothing outside is seen. Counted beside it is a modified Kneser-Ney
7-gram of the same training text (seconds). The third curve mixes both half and half, p = (p_model + p_n-gram) / 2: a
weight that nobody chose on any text. The goal is 1.4697, what nanoGPT's README states for 6 layers of width 384 after
5,000 steps on a GPU; the time that recipe would take here is measured on a few of its steps. Nothing is learned at
test time. Needs the text: set LLMLAB_MIRROR, or be on the network.
"""

import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import nanogpt
import numpy as np
import torch
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from time_to_loss import ROOT, load, shard_of
from torch import Tensor

from llmlab.artifacts.params import load_section
from llmlab.evals.kneser_ney import KneserNey
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.presets import apply_preset, set_value
from llmlab.runtime.device import machine_facts
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.setup import prepare
from llmlab.viz.theme import INK, MUTED, save_picture

GOAL = 1.4697
WINDOW, ORDER = 256, 7
PEER, PEER_ROWS, PEER_STEPS = nanogpt.Size(layers=6, heads=6, width=384, block=256), 64, 5000
CURVES = {"model": "transformer alone", "mixture": "half transformer, half 7-gram"}


@dataclass(frozen=True)
class Text:
    """Ids of both parts, and the validation text in windows, (N, 257): the first id of each is given."""

    training: Tensor
    windows: Tensor
    vocab_size: int


def load_text(params: Path) -> Text:
    words, training, held_out = load(params)
    rows = (len(held_out) - 1) // WINDOW
    windows = held_out[: rows * WINDOW + 1].unfold(0, WINDOW + 1, WINDOW)
    return Text(training, windows, words.vocab_size)


def count(text: Text) -> tuple[float, np.ndarray]:
    """Seconds of counting, and natural logs of the n-gram's probabilities, (N, 256); contexts end at the window."""
    started = time.perf_counter()
    # A pad that no text holds, or what begins a window would look like the beginning of the text.
    model = KneserNey([text.training.numpy()], text.vocab_size + 1, ORDER, pad=text.vocab_size)
    seconds = time.perf_counter() - started
    return seconds, np.stack([model.log_probabilities(row)[1:] for row in text.windows.numpy()])


@torch.no_grad()
def score(model: Transformer, text: Text) -> np.ndarray:
    """The same of a model."""
    model.eval()
    logs = [
        torch.log_softmax(model(rows[:, :-1]), dim=-1).gather(-1, rows[:, 1:, None])[..., 0]
        for rows in text.windows.split(16)
    ]
    model.train()
    return torch.cat(logs).double().numpy()


def run(
    params: Path, text: Text, counted: np.ndarray, counting: float, seed: int, marks: int
) -> list[dict[str, float]]:
    """Steps, seconds of training (and of counting, for the mixture) and losses at equal distances."""
    shape, config = load_section(params, "model", ModelConfig), load_section(params, "train", TrainConfig)
    config = replace(config, validate_every=config.steps)
    prepare(config, shape, text.vocab_size, seed, "pretrain")
    model = Transformer(shape, text.vocab_size, torch_generator(seed, "init"))
    points: list[dict[str, float]] = []
    lost = 0.0
    started = time.perf_counter()

    def note(step: int) -> None:
        nonlocal lost
        if step % max(1, config.steps // marks) and step != config.steps:
            return
        now = time.perf_counter()
        logs = score(model, text)
        mixed = np.logaddexp(logs, counted) - np.log(2)
        seconds = now - started - lost
        points.append(
            {"step": step, "seconds": seconds, "model": -float(logs.mean()), "with counting": seconds + counting}
            | {"mixture": -float(mixed.mean())}
        )
        print(
            f"seed {seed} step {step}: {seconds:.0f} s, {-logs.mean():.4f} alone, {-mixed.mean():.4f} mixed", flush=True
        )
        lost += time.perf_counter() - now

    validation = evaluation_batches(shard_of(text.windows[0]), shape.context, 1, mask_documents=False)
    with tempfile.TemporaryDirectory() as scratch:
        source = StreamSource(shard_of(text.training), shape.context, seed, mask_documents=False)
        train(model, source, validation, config, scratch=Path(scratch) / "run", name="best", after_step=note)
    return points


def peer_hours(text: Text, steps: int = 3) -> float:
    """Hours that nanoGPT's GPU recipe would take here, from a few of its steps after one that does not count."""
    model = nanogpt.GPT(text.vocab_size, PEER)
    optimizer = nanogpt.make_optimizer(model)
    times = []
    for _ in range(steps + 1):
        starts = torch.randint(len(text.training) - WINDOW, (PEER_ROWS,))
        rows = text.training[starts[:, None] + torch.arange(WINDOW + 1)]
        started = time.perf_counter()
        nanogpt.take_step(model, optimizer, [rows])
        times.append(time.perf_counter() - started)
    return float(np.mean(times[1:])) * PEER_STEPS / 3600


def first_at_goal(points: list[dict[str, float]], name: str, clock: str) -> float | None:
    return next((point[clock] for point in points if point[name] <= GOAL), None)


def draw(path: Path, runs: list[list[dict[str, float]]], counted: float, counting: float, hours: float) -> None:
    """Loss against seconds, with the peer's time as a cross."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, (name, label) in enumerate(CURVES.items()):
            clock = "with counting" if name == "mixture" else "seconds"
            for number, points in enumerate(runs):
                times, losses = [point[clock] for point in points], [point[name] for point in points]
                axes.plot(times, losses, color=f"C{place}", marker=".", label="" if number else label)
        axes.plot([counting], [counted], "D", color="C3", label=f"{ORDER}-gram alone")
        axes.plot([hours * 3600], [GOAL], "x", color=INK, markersize=9, label="nanoGPT's GPU recipe, time computed")
        axes.axhline(GOAL, color=MUTED, linewidth=1, linestyle=":")
        axes.text(0.01, GOAL, f"{GOAL}", color=MUTED, va="bottom", transform=axes.get_yaxis_transform())
        axes.set(xscale="log", xlabel="seconds of training on this CPU", ylabel="nats per character, windows of 256")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set_title("Tiny Shakespeare: to the loss of nanoGPT's GPU recipe")
        axes.legend()

    save_picture(path, (7.5, 4.5), paint)


def main(
    seeds: Annotated[int, typer.Option(help="runs")] = 1,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 2,
    preset: Annotated[str, typer.Option(help="what is trained")] = "shakespeare-best",
    marks: Annotated[int, typer.Option(help="points of the curve")] = 12,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
    picture: Annotated[Path | None, typer.Option(help="draw the curves here")] = None,
) -> None:
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        params = Path(folder) / "params.yaml"
        params.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_preset(params, ROOT / "presets", preset)
        set_value(params, "train.threads", threads)
        text = load_text(params)
        counting, counted = count(text)
        print(f"{ORDER}-gram: {counting:.1f} s, {-counted.mean():.4f}", flush=True)
        runs = [run(params, text, counted, counting, seed, marks) for seed in range(1, seeds + 1)]
    hours = peer_hours(text)
    found: dict[str, Any] = {
        "goal": GOAL,
        "n-gram": {"seconds": counting, "loss": -counted.mean()},
        "peer_hours": hours,
    }
    for name, clock in (("model", "seconds"), ("mixture", "with counting")):
        times = [first_at_goal(points, name, clock) for points in runs]
        losses = [points[-1][name] for points in runs]
        found[name] = {"seconds_to_goal": times, "loss": losses}
        ends, there = (
            ", ".join(f"{loss:.4f}" for loss in losses),
            ", ".join(f"{s:.0f} s" if s else "never" for s in times),
        )
        print(f"{CURVES[name]}: ends at {ends}; at the goal after {there}")
    print(f"nanoGPT's GPU recipe would take {hours:.1f} hours here")
    if picture is not None:
        draw(picture, runs, -counted.mean(), counting, hours)
    if json_file is not None:
        found |= {"runs": runs, "seeds": seeds, "threads": threads, "machine": machine_facts()}
        json_file.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
