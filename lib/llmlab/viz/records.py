"""Plot data for DVC: flat lists of records for its templates; `bar` is the label of a record in a bar chart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.viz.corpus_flow import MEASURED, measured
from llmlab.viz.results import Results, find, number

Record = dict[str, Any]


def write_records(results: Results, out: Path) -> None:
    """Write `loss.json`, `bits_per_byte.json`, `corpus.json` and `tokenizer.json`."""
    write_json(out / "loss.json", list(loss_records(results)))
    write_json(out / "bits_per_byte.json", list(bits_records(results)))
    write_json(out / "corpus.json", list(corpus_records(results)))
    write_json(out / "tokenizer.json", list(tokenizer_records(results)))


def loss_records(results: Results) -> Iterator[Record]:
    """One record per stage, set and validation."""
    for stage, curve in results.curves.items():
        for name in ("train", "val"):
            tokens, losses = curve.points("tokens", f"{name}_loss")
            steps, _ = curve.points("step", f"{name}_loss")
            for step, at, loss in zip(steps, tokens, losses, strict=True):
                yield {"stage": stage, "set": name, "step": int(step), "tokens": int(at), "loss": loss}


def bits_records(results: Results) -> Iterator[Record]:
    """One record per model and language."""
    for model, values in (find(results.evaluation, "bits_per_byte") or {}).items():
        for lang in [*results.languages, "all"]:
            value = number(values, lang)
            if value is not None:
                yield {"bar": f"{lang}, {model}", "model": model, "lang": lang, "bits_per_byte": value}


def corpus_records(results: Results) -> Iterator[Record]:
    """One record per language and step of the corpus."""
    for lang in results.languages:
        for step in MEASURED:
            amount = measured(results, lang, step)
            if amount is not None:
                sizes = {"documents": amount.documents, "bytes": amount.bytes}
                yield {"bar": f"{lang}, {step}", "lang": lang, "step": step, **sizes}


def tokenizer_records(results: Results) -> Iterator[Record]:
    """One record per language and set."""
    for lang in results.languages:
        for name in ("train", "val"):
            value = number(results.tokenizer, name, lang, "bytes_per_token")
            if value is not None:
                yield {"bar": f"{lang}, {name}", "lang": lang, "set": name, "bytes_per_token": value}
