"""After the last step: the model folder, the curve and the metrics of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import atomic_folder, write_text
from llmlab.artifacts.metrics import write_metrics
from llmlab.model.checkpoint import parameters_of, save_model, save_weights
from llmlab.model.transformer import Transformer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import Outcome, put_weights

_CARD = """# {name}

A small language model trained by llm-lab.

- parameters: {parameters:,}
- trained on {tokens:,} tokens in {steps} steps; these weights are those of step {kept} ({keep})
- validation loss: {loss:.4f} nats per token

The text it writes is not checked by anybody: it may be wrong or harmful. Its data, their licences and its metrics are
described by the project that made it; `config.json` holds the architecture, `training.json` what it was made from.
"""


def save_trained(
    model: Transformer,
    outcome: Outcome,
    config: TrainConfig,
    out: Path,
    tokenizer_hash: str,
    made_from: Mapping[str, Any],
) -> None:
    """Write the kept weights as the model, the other ones and the milestones beside it; whole or not at all."""
    summary = summarize(outcome, config)
    kept, other = ("best", "last") if config.keep == "best" else ("last", "best")
    step = {"best": outcome.best_step, "last": summary["steps"]}[kept]
    card = _CARD.format(
        name=out.name,
        parameters=parameters_of(model),
        tokens=outcome.tokens,
        steps=summary["steps"],
        kept=step,
        keep=kept,
        loss=summary["val_loss"],
    )
    with atomic_folder(out) as folder:
        put_weights(model, getattr(outcome, other))
        save_weights(model, folder / f"{other}.safetensors")
        for number, weights in sorted(outcome.milestones.items()):
            (folder / "milestones").mkdir(exist_ok=True)
            put_weights(model, weights)
            save_weights(model, folder / "milestones" / f"step-{number:06d}.safetensors")
        put_weights(model, getattr(outcome, kept))
        save_model(model, folder, tokenizer_hash, {**made_from, **summary, "kept_step": step}, card)


def write_curve(outcome: Outcome, path: Path) -> None:
    """The curve as TSV, which DVC plots: one row per validation."""
    columns = ["step", "tokens", "train_loss", "val_loss", "lr", "grad_norm"]
    rows = ["\t".join(str(point[name]) for name in columns) for point in outcome.curve]  # type: ignore[literal-required]
    write_text(path, "\n".join(["\t".join(columns), *rows]) + "\n")


def write_summary(outcome: Outcome, config: TrainConfig, path: Path, **more: Any) -> None:
    """The metrics file of a training stage."""
    write_metrics(path, {**summarize(outcome, config), **more})


def summarize(outcome: Outcome, config: TrainConfig) -> dict[str, Any]:
    """Steps, tokens and losses of a run; `val_loss` is that of the kept weights. `spikes` only when there were any."""
    last = outcome.curve[-1]
    best = next(point["val_loss"] for point in outcome.curve if point["step"] == outcome.best_step)
    return {
        "steps": last["step"],
        "tokens": outcome.tokens,
        "train_loss": last["train_loss"],
        "val_loss": best if config.keep == "best" else last["val_loss"],
        "last_val_loss": last["val_loss"],
        "best_step": outcome.best_step,
        "stopped_early": outcome.stopped_early,
        **({"spikes": len(outcome.spikes)} if outcome.spikes else {}),
    }
