"""The tables of the study in Markdown, and how its rows are grouped."""

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

KINDS = ("spm", "unigram", "bpe", "wordpiece", "superbpe", "smalltalk", "hybrid", "logs", "rails", "byte", "char")
PUBLISHED = ("gpt2", "cl100k", "o200k")
MIXED = "mixed"
Row = dict[str, Any]


def short(size: int | None) -> str:
    """A vocabulary as people say it."""
    return f"{size // 1024}k" if size else ""


def own_figures(rows: Sequence[Row], finalist: Row) -> Row:
    """The intrinsic figures of a finalist."""
    same = ("corpus", "kind", "size")
    return next(row["all"] for row in rows if all(row[key] == finalist[key] for key in same))


def model_groups(trained: Sequence[Row], corpus: str) -> list[tuple[Row, list[float]]]:
    """Each finalist with the bits per byte of its seeds, the best first."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in trained:
        if row["corpus"] == corpus:
            groups.setdefault((row["kind"], row["size"]), []).append(row)
    found = [(group[0], [row["bits_per_byte"] for row in group]) for group in groups.values()]
    return sorted(found, key=lambda group: fmean(group[1]))


def table_lines(rows: Sequence[Row], trained: Sequence[Row]) -> list[str]:
    """All tables."""
    lines = ["Written by plot.py. Vocabularies include 45 to 50 special tokens. –: refused, reasons at the end."]
    lines += [line for corpus in sorted({row["corpus"] for row in trained}) for line in _models(trained, corpus)]
    for corpus in sorted({row["corpus"] for row in rows}, key=lambda each: (each == MIXED, each)):
        lines += _corpus(rows, corpus)
    lines += ["", "| mixed, part | kind | vocabulary | bytes per token | Rényi | per word | per character |"]
    lines += ["| --- | --- | --: | --: | --: | --: | --: |", *_parts(rows)]
    refused = [row for row in rows if "refused" in row]
    lines += ["", "| refused | corpus | vocabulary | why |", "| --- | --- | --: | --- |"]
    lines += [f"| {row['kind']} | {row['corpus']} | {short(row['size'])} | {row['refused']} |" for row in refused]
    return lines


def _models(trained: Sequence[Row], corpus: str) -> Iterator[str]:
    parts = list(next(row for row in trained if row["corpus"] == corpus)["parts"])
    yield ""
    yield f"| model, {corpus} | bits per byte | sd | seeds | chosen for | passes | feed-forward | {' | '.join(parts)} |"
    yield f"| --- | --: | --: | --: | --- | --: | --: |{' --: |' * len(parts)}"
    for row, bits in model_groups(trained, corpus):
        own = [each for each in trained if all(each[key] == row[key] for key in ("corpus", "kind", "size"))]
        means = [f"{fmean(each['parts'][part] for each in own):.3f}" for part in parts]
        spread = f"{stdev(bits):.3f}" if len(bits) > 1 else ""
        yield (
            f"| {row['kind']} {short(row['size'])} | {fmean(bits):.3f} | {spread} | {len(bits)} | {row['why']} | "
            f"{row['passes']:.2f} | {row['hidden']} | {' | '.join(means)} |"
        )


def _corpus(rows: Sequence[Row], corpus: str) -> Iterator[str]:
    yield ""
    yield (
        f"| {corpus} | vocabulary | bytes per token | Rényi | single bytes | per word | per character | exact | "
        "encode MB/s | decode MB/s | learning s | learning MiB | in use MiB | file KiB |"
    )
    yield f"| --- |{' --: |' * 13}"
    for row in sorted((row for row in rows if row["corpus"] == corpus), key=_order):
        if "refused" in row:
            yield f"| {row['kind']} | {short(row['size'])} |{' – |' * 12}"
            continue
        found = row["all"]
        learned = [_given(row.get(name)) for name in ("train_seconds", "train_mib")]
        yield (
            f"| {row['kind']} | {short(row['size'])} | {found['bytes_per_token']:.2f} | {found['renyi']:.3f} | "
            f"{found['single_byte_share']:.1%} | {_given(found['tokens_per_word'])} | "
            f"{_given(found['tokens_per_han'])} | {'yes' if row['exact'] else 'NO'} | {row['encode_mb_s']} | "
            f"{row['decode_mb_s']} | {' | '.join(learned)} | {row['use_mib']} | {_given(row.get('model_kib'))} |"
        )


def _parts(rows: Sequence[Row]) -> Iterator[str]:
    named = [row for row in rows if row["corpus"] == MIXED and "parts" in row and row["size"] in (4096, 8192, None)]
    for part in next(iter(named))["parts"] if named else ():
        for row in sorted(named, key=_order):
            found = row["parts"][part]
            yield (
                f"| {part} | {row['kind']} | {short(row['size'])} | {found['bytes_per_token']:.2f} | "
                f"{found['renyi']:.3f} | {_given(found['tokens_per_word'])} | {_given(found['tokens_per_han'])} |"
            )


def _order(row: Row) -> tuple[int, int]:
    return (*KINDS, *PUBLISHED).index(row["kind"]), row["size"] or 0


def _given(value: float | int | None) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
