"""What changed between two snapshots, as sentences and tables."""

from collections.abc import Mapping
from typing import Any

from llmlab.notes.snapshot import Snapshot
from llmlab.viz.labels import language_label, percent, signed
from llmlab.viz.tables import markdown_table

_ABSENT = object()


def params_table(now: Snapshot, before: Snapshot) -> str:
    """Parameters that changed, appeared or went; empty text when none did."""
    rows = []
    for key in sorted({*now.params, *before.params}):
        old, new = before.params.get(key, _ABSENT), now.params.get(key, _ABSENT)
        if old != new:
            rows.append([f"`{key}`", _shown(old), _shown(new)])
    return markdown_table(["parameter", before.week, now.week], rows)


def headline_table(now: Snapshot, before: Snapshot | None) -> str:
    """The few numbers that a note is about, with the change since the last note."""
    rows = []
    for key, label, less_is_better in headlines(now.metrics):
        new = now.metrics[key]
        old = _number(before.metrics.get(key)) if before else None
        share = label.endswith("methods")
        show = percent if share else _figure
        earlier = [show(old) if old is not None else "–"] if before else []
        rows.append([label, *earlier, show(new), *([_moved(new, old, less_is_better)] if before else [])])
    heads = ["", before.week, now.week, "change"] if before else ["", now.week]
    return markdown_table(heads, rows)


def headlines(metrics: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Key, label and whether less is better, of those headline numbers that were measured."""
    bits = "eval.bits_per_byte.base."
    languages = [key.removeprefix(bits) for key in metrics if key.startswith(bits)]
    wanted = [("pretrain.val_loss", "validation loss, base (nats per token)", True)]
    wanted += [(f"{bits}{lang}", f"bits per byte, {language_label(lang)}", True) for lang in languages if lang != "all"]
    wanted += [
        (f"{bits}all", "bits per byte, all", True),
        ("eval.smalltalk.model.valid", "valid Smalltalk methods", False),
        ("eval.smalltalk.model.copied", "Smalltalk bodies that stand in training", True),
        ("sft.val_loss", "validation loss, chat (nats per token)", True),
        ("lora.val_loss", "validation loss, adapter (nats per token)", True),
    ]
    return [row for row in wanted if _number(metrics.get(row[0])) is not None]


def moved_table(now: Snapshot, before: Snapshot) -> str:
    """Every number of the metrics that differs, headline or not; empty text when none does."""
    rows = []
    for key in sorted({*now.metrics, *before.metrics}):
        old, new = before.metrics.get(key, _ABSENT), now.metrics.get(key, _ABSENT)
        if old != new:
            rows.append([f"`{key}`", _shown(old), _shown(new)])
    return markdown_table(["metric", before.week, now.week], rows)


def opening(now: Snapshot, before: Snapshot | None) -> str:
    """The first sentence of a note: what happened since the last one."""
    if before is None:
        return "The first note: the numbers below are where this project starts."
    changed = sum(now.params.get(k, _ABSENT) != before.params.get(k, _ABSENT) for k in {*now.params, *before.params})
    if changed == 0 and now.metrics == before.metrics:
        return f"Nothing moved since {before.week}: same parameters, same numbers."
    what = {0: "No parameter changed", 1: "One parameter changed"}.get(changed, f"{changed} parameters changed")
    key = next((key for key in ("eval.bits_per_byte.base.all", "pretrain.val_loss") if key in now.metrics), "")
    old, new = _number(before.metrics.get(key)), _number(now.metrics.get(key))
    if old is None or new is None:
        return f"{what} since {before.week}."
    name = "bits per byte over all languages" if key.startswith("eval") else "the validation loss"
    went = f"went from {old:.3f} to {new:.3f}" if f"{old:.3f}" != f"{new:.3f}" else f"stayed at {new:.3f}"
    return f"{what} since {before.week}; {name} {went}."


def _moved(new: float, old: float | None, less_is_better: bool) -> str:
    """An arrow, the difference, and whether that is better; an arrow alone would not say which way is good."""
    if old is None:
        return "new"
    if new == old:
        return "="
    verdict = "better" if (new < old) == less_is_better else "worse"
    return f"{'▼' if new < old else '▲'} {signed(new - old, 4)} {verdict}"


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _figure(value: float) -> str:
    return f"{value:.4f}"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    # As code, so that nothing in it is taken for Markdown; a value with backticks shows them as quotes.
    return "`" + text.replace("`", "'") + "`" if text else "(empty)"
