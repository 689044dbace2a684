"""The weekly note as a file: one commit, one plot, one note."""

import shutil
from pathlib import Path

from llmlab.artifacts.atomic import atomic_file, write_text
from llmlab.artifacts.errors import LabError
from llmlab.notes.difference import headline_table, moved_table, opening, params_table
from llmlab.notes.snapshot import Snapshot, last_snapshot, take_snapshot, write_snapshot
from llmlab.notes.week import check_week, days_of
from llmlab.notes.words import blank_sections, words_in
from llmlab.viz.labels import language_label, step_label
from llmlab.viz.samples import Sample, Samples, read_samples

_PLOTS = {
    "bits_per_byte": "Bits per byte by language, beside the n-gram baseline",
    "loss": "Training and validation loss",
}
# A note's picture stays in git for ever.
_LARGEST_PICTURE = 200_000
_REMARK = (
    "<!-- Written by `lab note`. What stands between a `yours` marker and its end is yours, and is kept when the note\n"
    "is written again; everything else is replaced. -->"
)


def write_note(root: Path, week: str, *, again: bool = False) -> Path:
    """Write `notes/<week>.md` from what the project's folder holds, with its snapshot and its picture.

    Args:
        root: the project's folder, with `params.yaml`, `metrics/` and, where there are any, `plots/` and
            `data/samples.json`.
        week: the ISO week, such as `2026-W47`.
        again: rewrite a note that exists, keeping the person's words in it.

    Raises:
        LabError: no such week, no metrics, the note exists and `again` is not set, or its markers are broken.
    """
    folder = root / "notes"
    path = folder / f"{check_week(week)}.md"
    words = _earlier_words(path, again)
    now, before = take_snapshot(root, week), last_snapshot(folder / "data", week)
    samples = root / "data" / "samples.json"
    parts = [
        f"# {week}\n\n{_REMARK}\n\n_{days_of(week)}_\n\n{opening(now, before)}",
        _parameters(now, before),
        _numbers(now, before),
        _picture(root / "plots", folder / "images", week),
        _samples(read_samples(samples)) if samples.exists() else "",
        blank_sections(words),
    ]
    write_snapshot(now, folder / "data")
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")
    return path


def _earlier_words(path: Path, again: bool) -> dict[str, str]:
    if not path.exists():
        return {}
    if not again:
        raise LabError(
            f"{path} is already written",
            "edit it, or run `lab note --again`, which keeps what stands between its markers",
        )
    return words_in(path.read_text(encoding="utf-8"))


def _parameters(now: Snapshot, before: Snapshot | None) -> str:
    if before is None:
        return ""
    table = params_table(now, before) or f"None since [{before.week}]({before.week}.md)."
    return f"## Parameters changed\n\n{table}"


def _numbers(now: Snapshot, before: Snapshot | None) -> str:
    table = headline_table(now, before) or "No headline numbers yet."
    text = f"## Numbers\n\n{table}"
    moved = moved_table(now, before) if before else ""
    if moved:
        text += "\n\nOne run against one run: a difference smaller than the spread between seeds says nothing."
        count = moved.count("\n") - 1
        text += f"\n\n<details><summary>All {count} numbers that moved</summary>\n\n{moved}\n\n</details>"
    return text


def _picture(plots: Path, images: Path, week: str) -> str:
    """Copy the first plot that is small enough for git beside the note and show it."""
    for name, caption in _PLOTS.items():
        plot = plots / f"{name}.png"
        if plot.exists() and plot.stat().st_size < _LARGEST_PICTURE:
            with atomic_file(images / f"{week}-{name}.png") as temporary:
                shutil.copyfile(plot, temporary)
            return f"## Picture\n\n![{caption}](images/{week}-{name}.png)"
    return ""


def _samples(samples: Samples) -> str:
    """The first step beside the last, by language."""
    steps = samples.steps()
    if not steps:
        return ""
    ends = list(dict.fromkeys([steps[0], steps[-1]]))
    parts = []
    for lang in samples.languages():
        shown = [_quoted(sample) for step in ends for sample in samples.at(step, lang)[:1]]
        parts.append("\n\n".join([f"### {language_label(lang)}", *shown]))
    return "\n\n".join(["## Samples, first step and last", *parts])


def _quoted(sample: Sample) -> str:
    """As an indented block: whatever the model wrote, no line of it is Markdown, HTML or a marker."""
    lines = f"{sample.prompt}⟩{sample.text}".rstrip().split("\n")
    body = "\n".join(f"    {line}".rstrip() for line in lines)
    return f"{step_label(sample.step).capitalize()}, given the text before ⟩:\n\n{body}"
