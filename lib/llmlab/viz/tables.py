"""The numbers as tables: Markdown for people who read, plain text for the end of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from llmlab.artifacts.manifest import read_json
from llmlab.viz.code import FLOORS, MEASURES, WRITERS, share
from llmlab.viz.labels import (
    MODELS,
    columns_of,
    compact,
    decimal,
    interval,
    language_label,
    padded,
    percent,
    shortened,
    signed,
    step_label,
)
from llmlab.viz.results import Results, find, number, read_results
from llmlab.viz.samples import Samples, read_samples

_MODELS = ("base", "chat", "kneser_ney")
_WIDTH = 100
_INDENT = 18


def summary(metrics: Path, runs: Path, languages: Sequence[str] | None = None, samples: Path | None = None) -> str:
    """The closing lines of a run: what was made, how good it is, a taste of it, and where it lies.

    Args:
        metrics: the metrics folder; plots, models and data are looked for beside it.
        runs: the folder of facts about this machine, `.runs`; may be missing.
        languages: which languages, in which order; by default those that were evaluated.
        samples: the samples file, by default `data/samples.json` beside the metrics folder.

    Raises:
        LabError: there is no metrics folder.
    """
    root = metrics.parent
    results = read_results(metrics, languages)
    samples = samples or root / "data" / "samples.json"
    written = read_samples(samples) if samples.exists() else Samples()
    blocks = [
        ["llm-lab: what this run made"],
        _run_lines(results, runs),
        _bits_lines(results),
        _smalltalk_lines(results),
        _sample_lines(written, results.languages),
        _place_lines(root),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def results_markdown(metrics: Path, languages: Sequence[str] | None = None) -> str:
    """The results as Markdown tables for the README; a table without numbers is left out.

    Raises:
        LabError: there is no metrics folder.
    """
    results = read_results(metrics, languages)
    parts = [
        ("Bits per byte of held-out text (less is better)", bits_table(results)),
        ("Smalltalk methods completed from held-out signatures", smalltalk_table(results)),
        ("Tasks with one right answer (exact match)", tasks_table(results)),
        ("Continued prose", prose_table(results)),
        ("Held-out instructions (nats per assistant token)", instructions_table(results)),
        ("Training", training_table(results)),
    ]
    tables = [f"**{title}**\n\n{table}" for title, table in parts if table]
    return "\n\n".join(tables) + "\n" if tables else "No results yet: run `make repro`.\n"


def bits_table(results: Results) -> str:
    """By language: base, chat, n-gram, and the lead of the base model with its interval."""
    rows = []
    for lang in [*results.languages, "all"]:
        values = [number(results.evaluation, "bits_per_byte", model, lang) for model in _MODELS]
        if any(value is not None for value in values):
            mean, low, high = (number(results.evaluation, "difference", lang, key) for key in ("mean", "low", "high"))
            lead = f"{signed(mean)} {interval(low, high)}".strip()
            rows.append([language_label(lang), *map(decimal, values), lead])
    return markdown_table(["language", *(MODELS[m] for m in _MODELS), "base − 5-gram, 95 % interval"], rows)


def smalltalk_table(results: Results) -> str:
    """By measure: the model, the n-gram, real code."""
    rows = []
    for key, label in MEASURES.items():
        values = [share(results, who, key) for who in WRITERS]
        if any(value is not None for value in values):
            rows.append([label, *(_with_interval(results, who, key) for who in WRITERS)])
    return markdown_table(["", MODELS["model"], MODELS["kneser_ney"], "real code"], rows)


def tasks_table(results: Results) -> str:
    """By task and language: chat, base, and what no skill scores."""
    tasks = find(results.evaluation, "tasks") or {}
    columns = [
        c for c in ("chat", "base", "kneser_ney", *FLOORS) if any(find(t, c) is not None for t in tasks.values())
    ]
    names = [FLOORS.get(column) or MODELS[column] for column in columns]
    rows = [
        [name, decimal(number(tasks, name, "examples"), 0), *(percent(number(tasks, name, c)) for c in columns)]
        for name in sorted(tasks)
    ]
    return markdown_table(["task", "examples", *names], rows)


def prose_table(results: Results) -> str:
    """By language: variety and copying of the model, the n-gram and the real text."""
    text = find(results.evaluation, "text") or {}
    rows = []
    for lang in [lang for lang in results.languages if lang in text]:
        for who in WRITERS:
            values = [number(text, lang, who, key) for key in ("distinct_2", "distinct_3", "copied")]
            rows.append([language_label(lang), MODELS[who], *map(percent, values)])
    return markdown_table(["language", "written by", "different 2-grams", "different 3-grams", "copied"], rows)


def instructions_table(results: Results) -> str:
    """By kind of example: base, chat, adapters."""
    losses = find(results.evaluation, "instructions") or {}
    kinds = sorted({kind for values in losses.values() for kind in values if not kind.endswith("_status")})
    rows = [[kind, *(decimal(number(losses, name, kind)) for name in losses)] for kind in kinds]
    return markdown_table(["kind", *(MODELS.get(name, name) for name in losses)], rows)


def training_table(results: Results) -> str:
    """By training stage: steps, tokens, losses."""
    rows = []
    for stage, tree in results.training.items():
        if tree:
            steps, tokens = number(tree, "steps"), number(tree, "tokens")
            losses = [decimal(number(tree, key)) for key in ("train_loss", "val_loss")]
            rows.append([stage, decimal(steps, 0), "–" if tokens is None else compact(tokens), *losses])
    return markdown_table(["stage", "steps", "tokens", "training loss", "validation loss"], rows)


def _run_lines(results: Results, runs: Path) -> list[str]:
    pretrain, path = results.training.get("pretrain", {}), runs / "pretrain.json"
    speed = number(read_json(path, "pretrain"), "tokens_per_second") if path.exists() else None
    steps, tokens, loss, best = (number(pretrain, key) for key in ("steps", "tokens", "val_loss", "best_step"))
    facts = [
        "" if steps is None else f"{steps:,.0f} steps",
        "" if tokens is None else f"{compact(tokens)} tokens",
        "" if speed is None else f"{speed:,.0f} tokens/s on this machine",
    ]
    where = "" if best is None else f" (best at step {best:,.0f})"
    lines = {
        "parameters": f"{number(pretrain, 'parameters') or 0:,.0f}",
        "training": ", ".join(fact for fact in facts if fact),
        "validation loss": f"{decimal(loss)} nats per token{where}",
    }
    return [_fact(name, text) for name, text in lines.items()] if pretrain else []


def _bits_lines(results: Results) -> list[str]:
    rows = []
    for lang in [*results.languages, "all"]:
        values = [number(results.evaluation, "bits_per_byte", model, lang) for model in _MODELS]
        if any(value is not None for value in values):
            rows.append((language_label(lang), list(map(decimal, values))))
    if not rows:
        return []
    width = max(_INDENT, *(columns_of(name) + 2 for name, _ in rows))
    heads = ["base", "chat", "5-gram"]
    lines = [padded("  bits per byte", width + 2) + _numbers(heads) + "   (Kneser-Ney; less is better)"]
    return lines + [padded(f"    {name}", width + 2) + _numbers(values) for name, values in rows]


def _smalltalk_lines(results: Results) -> list[str]:
    if share(results, "model", "valid") is None:
        return []
    count = share(results, "model", "completions")
    of = "" if count is None else f" of {count:,.0f} methods"
    others = [
        f"{label} {percent(share(results, who, 'valid'))}"
        for who, label in (("kneser_ney", "5-gram"), ("ceiling", "real code"))
        if share(results, who, "valid") is not None
    ]
    text = f"{_with_interval(results, 'model', 'valid')}{of} parse"
    return [_fact("valid Smalltalk", text + (f"; {', '.join(others)}" if others else ""))]


def _sample_lines(written: Samples, languages: Sequence[str]) -> list[str]:
    """One line a language from the last step."""
    if not written.samples:
        return []
    last = written.steps()[-1]
    lines = [f"  it writes ({step_label(last)}; | marks where the prompt ends)"]
    for lang in languages:
        for sample in written.at(last, lang)[:1]:
            name = padded(f"    {lang}", _INDENT + 2)
            text = f"{' '.join(sample.prompt.split())} | {sample.text}"
            lines.append(name + shortened(text, _WIDTH - _INDENT - 2))
    return lines if len(lines) > 1 else []


def _place_lines(root: Path) -> list[str]:
    places = {
        "pictures": root / "plots",
        "samples": root / "plots" / "samples.html",
        "models": root / "models",
        "numbers": root / "metrics",
    }
    return [_fact(name, path.as_posix()) for name, path in places.items() if path.exists()]


def _fact(name: str, text: str) -> str:
    return padded(f"  {name}", _INDENT + 2) + text


def _numbers(cells: Sequence[str]) -> str:
    return "".join(padded(cell, 9, right=True) for cell in cells)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right; empty text when there are no rows."""
    lines = [_row(cells) for cells in rows]
    if not lines:
        return ""
    return "\n".join([_row(heads), _row(["---", *["--:"] * (len(heads) - 1)]), *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _with_interval(results: Results, who: str, key: str) -> str:
    text = percent(share(results, who, key))
    low, high = share(results, who, "valid_low"), share(results, who, "valid_high")
    if key != "valid" or low is None or high is None:
        return text
    return f"{text} [{100 * low:.0f}, {100 * high:.0f}]"
