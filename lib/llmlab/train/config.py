"""The training section: the same fields for pretraining, SFT and LoRA."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import to_dict
from llmlab.runtime.precision import Precision

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train; one step is one optimizer update on `rows` rows."""

    steps: Positive
    """Optimizer updates, unless early stopping ends sooner."""
    rows: Positive
    """Rows of `model.context` tokens per step."""
    micro_rows: Positive | None = None
    """Rows per forward pass; gradients of a step add up over passes, weighted by tokens. Null: all at once."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """AdamW (Loshchilov & Hutter 2019), or Muon (Jordan et al. 2024) for the blocks' matrices and AdamW beside."""
    lr: Annotated[float, Field(gt=0, le=10)] = 3e-3
    """Peak learning rate of AdamW."""
    muon_lr: Annotated[float, Field(gt=0, le=10)] = 0.02
    """Peak learning rate of Muon."""
    muon_rounds: Literal["quintic", "polar-express"] = "quintic"
    """How Muon makes a matrix orthogonal: five rounds of Jordan's quintic, or three of the Polar Express."""
    betas: tuple[Decay, Decay] = (0.9, 0.95)
    """AdamW's decay rates of the first and second moment."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Decoupled decay of matrices; norms and other vectors are never decayed."""
    embedding_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Decoupled decay of embedding tables and of an untied head."""
    warmup: Annotated[int, Field(ge=0)] = 20
    """Steps of linear warm-up from 0."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """Decay from the peak at the end of warm-up to `final_lr` at `steps`."""
    final_lr: Share = 0.0
    """Last learning rate as a share of the peak."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are scaled down to this norm."""
    spike: Literal["off", "skip", "rewind"] = "off"
    """A step whose loss jumps: update as ever; leave that update out; or go back to the last checkpoint and on with the
    rows after the jump (Chowdhery et al. 2022, arXiv 2204.02311, section 5.1)."""
    spike_above: Annotated[float, Field(gt=0)] = 8.0
    """A jump is this many deviations (robust, by medians) above the median loss of the last `spike_window` updates."""
    spike_window: Annotated[int, Field(ge=5)] = 50
    """Updates whose losses say what is usual; before so many, nothing is a jump."""
    spike_limit: Positive = 20
    """More jumps than this end the run."""
    packing: Literal["stream", "documents"] = "stream"
    """`stream`: rows cut from one run of ids; `documents`: whole documents packed, no attention across them."""
    mask_documents: bool = False
    """With `stream`: positions do not see other documents in their row."""
    passes: dict[str, Annotated[float, Field(gt=0, le=100)]] = field(default_factory=dict)
    """With `stream`: how often the text of a language is read while that of others is read once, `{chinese: 2}`."""
    validate_every: Positive = 100
    """Steps between validations; each may be the best so far."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Stop after this many validations without a better one; 0: never."""
    keep: Literal["best", "last"] = "best"
    """Which weights become the stage's model; the other is kept beside it."""
    checkpoint_every: Positive = 50
    """Steps between saves of the whole training state, from which a killed run goes on."""
    milestones: list[Positive] = ()  # type: ignore[assignment]
    """Steps whose weights are kept, for samples against steps."""
    precision: Precision = "fp32"
    """Type of matrix products; weights stay fp32. `auto`: bf16 where the device multiplies in it, else fp32."""
    compile: bool = False
    """torch.compile the model and its loss. Repeats itself to the bit on a CPU; eager mode differs in the last bits."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    """Where to compute."""
    threads: Positive = 2
    """CPU threads: part of the result, since sums of one and two threads round differently."""
    parallel: Literal["none", "ddp", "zero", "fsdp", "pipeline"] = "none"
    """How several processes share a run, pretraining only (docs/SCALE.md): rows; rows and optimizer state; rows and all
    weights; or layers. It ends with the weights of one process, to rounding."""
    processes: Positive = 1
    """Processes that the stage starts on this machine, one per GPU; torchrun starts them on several."""

    def __post_init__(self) -> None:
        """Refuse combinations that cannot mean anything."""
        object.__setattr__(self, "milestones", list(self.milestones))
        if self.micro_rows is not None and self.rows % self.micro_rows:
            raise LabError(
                f"rows {self.rows} is not a multiple of micro_rows {self.micro_rows}", "change one of the two"
            )
        if self.passes and self.packing != "stream":
            raise LabError(f"packing {self.packing!r} reads every document once", "drop `passes`, or set `stream`")
        if self.processes > 1 and self.parallel == "none":
            raise LabError(f"{self.processes} processes have no way to share a run", "set `parallel`, say to `ddp`")
        if self.compile and self.parallel in ("fsdp", "pipeline"):
            raise LabError(f"{self.parallel} runs eager only", "set `compile: false`, or `parallel: ddp` or `zero`")
        if self.warmup >= self.steps:
            raise LabError(f"warmup {self.warmup} leaves nothing of {self.steps} steps", "lower `warmup`")

    def shaping(self) -> dict[str, Any]:
        """All that shapes the result beyond rounding, as JSON: not how many processes compute it, which may change."""
        return {key: value for key, value in to_dict(self).items() if key not in ("parallel", "processes")}
