"""What a run of a given size needs of each GPU, computed before there is one: `lab doctor --plan`, docs/SCALE.md.

Upper bounds: activations are counted as eager mode keeps them on a CPU, while fused and compiled kernels keep less.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from llmlab.model.config import ModelConfig
from llmlab.model.count import Footprint, count_parameters, flops_per_token, footprint

# The driver's context, libraries and the allocator's slack on a GPU, as seen with torch 2: half a GiB to one.
CONTEXT = 2**30
VOCAB = 50_304
ROWS = 4
# By the dial alone: width is 64 times the depth.
SIZES = {
    "124 M": ModelConfig(depth=12, context=1024),
    "350 M": ModelConfig(depth=18, context=1024),
    "1 B": ModelConfig(depth=27, context=1024),
}
WAYS = (("none", 1), ("ddp", 2), ("fsdp", 2), ("ddp", 8), ("zero", 8), ("fsdp", 8))


@dataclass(frozen=True)
class Plan:
    """One way to train one size: its parts, and the bytes of a GPU in all."""

    size: str
    parallel: str
    processes: int
    checkpointing: bool
    parts: Footprint

    @property
    def needed(self) -> int:
        """Bytes of one GPU; gradients lie beside activations, as steps have several passes."""
        return CONTEXT + self.parts.peak(accumulate=True)


def plans(optimizer: str = "muon") -> Iterator[Plan]:
    """Every size and way, with and without gradient checkpointing, in bf16, with passes of `ROWS` rows."""
    for name, config in SIZES.items():
        for parallel, processes in WAYS:
            for checkpointing in (False, True):
                shape = replace(config, gradient_checkpointing=checkpointing)
                parts = footprint(shape, VOCAB, ROWS, 2, optimizer=optimizer, parallel=parallel, processes=processes)
                yield Plan(name, parallel, processes, checkpointing, parts)


def table() -> str:
    """All plans in Markdown, in GiB."""
    columns = [
        "size",
        "way",
        "GPUs",
        "checkpointing",
        "weights",
        "gradients",
        "optimizer",
        "activations",
        "other",
        "sum",
    ]
    lines = [columns, ["---"] * 4 + ["---:"] * 6]
    for plan in plans():
        parts = plan.parts
        shown = (parts.weights, parts.gradients, parts.optimizer, parts.activations)
        sizes = (*shown, max(0, plan.needed - sum(shown)), plan.needed)
        words = [plan.size, plan.parallel, str(plan.processes), "yes" if plan.checkpointing else "no"]
        lines.append([*words, *(f"{size / 2**30:.1f}" for size in sizes)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def sizes_table() -> str:
    """What the dial gives: parameters and work a token of each size."""
    lines = [
        "| size | `model.depth` | width | heads | parameters | FLOP a token |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, config in SIZES.items():
        total, flops = count_parameters(config, VOCAB)["total"], flops_per_token(config, VOCAB)
        shape = f"{config.depth} | {config.resolved_width} | {config.heads}"
        lines.append(f"| {name} | {shape} | {total / 1e6:,.0f} M | {flops / 1e9:.2f} G |")
    return "\n".join(lines)
