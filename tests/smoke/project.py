"""A small copy of the project: the real stages, catalogue and dvc.yaml, a little text and a tiny model."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from llmlab.pipeline.presets import apply_preset

ROOT = Path(__file__).resolve().parents[2]
_GROUPS = {"smalltalk": 4, "english": 4, "chinese": 4}
TINY = """
evaluate: {completions: 6, texts: 2, max_new: 24, threads: 1}
instruct: {completion: 30, generation: 10, fixing: 10, continuation: 10, tasks: 20}
lora:
  kinds: []
  adapter: {rank: 2}
  train: {steps: 3, rows: 2, warmup: 1, validate_every: 3, threads: 1, precision: fp32}
model: {depth: 1, width: 32, head_size: 16, context: 128}
sft: {steps: 3, rows: 2, warmup: 1, validate_every: 3, threads: 1, precision: fp32}
split: {val: 0.2, test: 0.25, salt: "0"}
tasks: {examples: 3}
tokenizer: {vocab_size: 1500, character_coverage: 0.98}
train: {steps: 6, rows: 2, warmup: 1, validate_every: 3, milestones: [3], threads: 1, precision: fp32}
"""


def make_project(folder: Path) -> Path:
    """Copy what the pipeline needs into `folder`, cut the bundled text down, and set tiny numbers."""
    for name in ("stages", "presets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "lib").symlink_to(ROOT / "lib")
    shutil.copytree(ROOT / "data/own", folder / "data/own")
    shutil.copy(ROOT / "data/removed.txt", folder / "data/removed.txt")
    for lang, count in _GROUPS.items():
        source, target = ROOT / "data/bundled" / lang, folder / "data/bundled" / lang
        for group in sorted(path for path in source.iterdir() if path.is_dir())[:count]:
            target.joinpath(group.name).mkdir(parents=True)
            for file in sorted(group.iterdir())[:6]:
                shutil.copy(file, target / group.name / file.name)
        for rows in sorted(source.glob("instructions-*.jsonl")):
            lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
            (target / rows.name).write_text("".join(lines[::12]), encoding="utf-8")
    overlay = folder / "presets/tiny.yaml"
    overlay.write_text(TINY, encoding="utf-8")
    apply_preset(folder / "params.yaml", folder / "presets", "tiny")
    return folder


def environment() -> dict[str, str]:
    """The environment of a subprocess: this interpreter's programs first, no mirror, no network needed."""
    own = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    own["PYTHONPATH"] = str(ROOT / "lib")
    return {name: value for name, value in own.items() if name not in ("LLMLAB_MIRROR", "LLMLAB_SCRATCH")}


def run(project: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in the project; never raises."""
    return subprocess.run(
        command.split(),
        cwd=project,
        env={**environment(), **more},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )
