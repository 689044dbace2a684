"""What the training stages of the present params will take: from the config and one short measurement."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from llmlab.adapt.recipe import AdapterConfig
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.params import load_section
from llmlab.cli.project import PARAMS
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.runtime.device import pick_device, set_threads
from llmlab.runtime.precision import compute_dtype, has_bf16
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.train.config import TrainConfig
from llmlab.train.setup import memory_needed, pass_rows
from llmlab.train.tuning import TuningConfig

_MOST_TOKENS = 4096
# A whole training step against its matrix products alone: 1.3 (fp32) and 1.7 (bf16) at 11 M parameters on two quiet
# cores; models below a million parameters spend most of their time between the products, about four times as much.
SLOWDOWN = (1.3, 4.0)


@dataclass(frozen=True)
class StageEstimate:
    """One training stage."""

    name: str
    tokens: int
    flops: float
    memory: int

    def seconds(self, flops_per_second: float) -> tuple[float, float]:
        """The shortest and the longest time to expect."""
        ideal = self.flops / flops_per_second
        return SLOWDOWN[0] * ideal, SLOWDOWN[1] * ideal


@dataclass(frozen=True)
class Estimate:
    """All of them, for one model; `disk` holds model files and the checkpoints of a run at work."""

    parameters: dict[str, int]
    stages: list[StageEstimate]
    disk: dict[str, int]


def estimate() -> Estimate:
    """From params.yaml alone; a character tokenizer counts with the size that `tokenizer.vocab_size` names.

    Raises:
        LabError: a section that its stage would refuse too.
    """
    model, vocab = (
        load_section(PARAMS, "model", ModelConfig),
        load_section(PARAMS, "tokenizer", TokenizerConfig).vocab_size,
    )
    train, sft = load_section(PARAMS, "train", TrainConfig), load_section(PARAMS, "sft", TuningConfig)
    lora = load_section(PARAMS, "lora", AdapterConfig).train
    parameters = count_parameters(model, vocab)
    stages = [
        _stage(name, config, model, vocab) for name, config in (("pretrain", train), ("sft", sft), ("lora", lora))
    ]
    weights = 4 * parameters["total"]
    # Kept and other weights in both model folders, and the milestones; two checkpoints of weights, two moments, the
    # best weights so far and the milestones that wait.
    disk = {"models": weights * (4 + len(train.milestones)), "checkpoints": 2 * weights * (4 + len(train.milestones))}
    return Estimate(parameters, stages, disk)


def measured_flops(seconds: float = 1.5) -> tuple[float, str]:
    """FLOP/s of matrix products at the model's own sizes, on the device, threads and precision of `train`.

    Returns:
        The rate, and in words where it was measured.
    """
    model, train = load_section(PARAMS, "model", ModelConfig), load_section(PARAMS, "train", TrainConfig)
    vocab = load_section(PARAMS, "tokenizer", TokenizerConfig).vocab_size
    device = pick_device(train.device)
    threads = torch.get_num_threads()
    set_threads(train.threads)
    try:
        rate = _rate(_sizes(model, train, vocab), compute_dtype(train.precision, device), device, seconds)
    finally:
        set_threads(threads)
    return rate, f"{device.type}, {train.precision}, {train.threads} threads"


def last_speed(runs: Path) -> dict[str, float]:
    """Tokens a second of the last run of each training stage on this machine."""
    found = {}
    for stage in ("pretrain", "sft", "lora"):
        speed = _speed(runs / f"{stage}.json", stage)
        if speed is not None:
            found[stage] = speed
    return found


def _speed(path: Path, stage: str) -> float | None:
    """None when there was no run, or its facts are torn: they are only facts about this machine."""
    try:
        speed = read_json(path, stage).get("tokens_per_second")
    except LabError:
        return None
    return float(speed) if isinstance(speed, int | float) else None


def _stage(name: str, config: TrainConfig, model: ModelConfig, vocab: int) -> StageEstimate:
    tokens = config.steps * config.rows * model.context
    memory = memory_needed(config, model, vocab, pass_rows(config), _width(config), isolated=name != "pretrain")
    return StageEstimate(name, tokens, float(tokens * flops_per_token(model, vocab)), memory)


def _width(config: TrainConfig) -> int:
    """Bytes of an activation; a GPU that is not here is taken to have bf16."""
    device = torch.device("cpu" if config.device == "auto" else config.device)
    low = config.precision == "bf16" or (
        config.precision == "auto" and (has_bf16(device) if device.type == "cpu" else device.type == "cuda")
    )
    return 2 if low else 4


def _sizes(model: ModelConfig, train: TrainConfig, vocab: int) -> list[tuple[int, int, int]]:
    """Rows, inner and outer size of the products of one block, and of the head."""
    rows = min((train.micro_rows or train.rows) * model.context, _MOST_TOKENS)
    width, hidden = model.resolved_width, model.resolved_hidden
    blocks = [(rows, width, width)] * 4 + [(rows, width, hidden), (rows, hidden, width)]
    return blocks * model.depth + [(rows, width, vocab)]


def _rate(sizes: list[tuple[int, int, int]], dtype: torch.dtype, device: torch.device, seconds: float) -> float:
    distinct = set(sizes)
    pairs = {size: _pair(size, dtype, device) for size in distinct}
    for left, right in pairs.values():
        left @ right
    done, started = 0, time.perf_counter()
    while True:
        for size in sizes:
            left, right = pairs[size]
            left @ right
            done += 2 * size[0] * size[1] * size[2]
        if device.type == "cuda":
            torch.cuda.synchronize()
        spent = time.perf_counter() - started
        if spent >= seconds:
            return done / spent


def _pair(size: tuple[int, int, int], dtype: torch.dtype, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    rows, inner, outer = size
    return torch.ones(rows, inner, dtype=dtype, device=device), torch.ones(inner, outer, dtype=dtype, device=device)
