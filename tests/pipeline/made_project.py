"""A copy of the project with little text and tiny models, on which every stage takes a moment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
GROUPS = {
    "smalltalk": ("Lab-Bank", "Lab-Collections", "Lab-Events"),
    "english": ("anna-reed", "ben-okafor", "david-marsh"),
    "chinese": ("gao-lei", "deng-xue", "chen-ming"),
}
TINY: dict[str, dict[str, Any]] = {
    "tasks": {"examples": 6},
    "split": {"val": 0.2, "test": 0.2, "salt": "2213"},  # puts one of the three groups into each set
    "tokenizer": {"vocab_size": 1200, "character_coverage": 0.98},
    "model": {"depth": 1, "width": 32, "head_size": 16, "context": 128, "dropout": 0.0},
    "train": {"steps": 6, "rows": 4, "warmup": 1, "validate_every": 3, "checkpoint_every": 3, "milestones": [3]},
    "instruct": {"completion": 60, "generation": 5, "fixing": 20, "continuation": 5, "tasks": 20},
    "sft": {"steps": 4, "rows": 4, "warmup": 1, "validate_every": 2, "checkpoint_every": 2},
    "evaluate": {"completions": 4, "texts": 2, "max_new": 24, "order": 3},
}
UNUSED_IMPORT = "import colorsys\n"
SPANISH = [
    ["Una zorra encontró a un cuervo junto al río.", "¿Qué hay en el pan?, preguntó la zorra, pero no hubo respuesta."],
    ["El viejo farero subía las escaleras todas las tardes.", "El mar estaba siempre allí, esperándolo en silencio."],
    ["Había una vez un pueblo pequeño en la montaña.", "Cada mañana la gente bajaba al río a buscar agua."],
]
ADAPTER = {"steps": 4, "rows": 4, "warmup": 1, "validate_every": 2, "checkpoint_every": 2}
_RAN = re.compile(r"^Running stage '([^']+)':", re.MULTILINE)


class MadeProject:
    """The copy: its files, and `dvc repro` in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        _copy_sources(root)
        _make_tiny(root / "params.yaml")
        scripts = Path(sys.executable).parent
        self._environment = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            # Before the installed package, which is the real project's.
            "PYTHONPATH": str(root / "lib"),
            "LLMLAB_SCRATCH": str(root / ".scratch"),
            "DVC_NO_ANALYTICS": "1",
            "OMP_NUM_THREADS": "1",
        }
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            self.run(command)
        shutil.copy(ROOT / ".dvcignore", root / ".dvcignore")
        self._before: dict[Path, bytes | None] = {}
        self.first = self.repro()

    def run(self, command: list[str]) -> str:
        """Output of a command that has to succeed."""
        done = subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def repro(self) -> set[str]:
        """Run `dvc repro`; the stages that really ran, not those skipped or taken from the run cache."""
        return set(_RAN.findall(self.run(["dvc", "repro"])))

    def write(self, name: str, content: bytes) -> None:
        """Write a file, to be put back by `restore`."""
        path = self.root / name
        self._before.setdefault(path, path.read_bytes() if path.exists() else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def restore(self) -> None:
        """Undo every `write`; DVC takes the outputs back from its run cache at the next `repro`."""
        for path, content in self._before.items():
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        self._before.clear()


def _copy_sources(root: Path) -> None:
    junk = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
    for name in ("lib", "stages"):
        shutil.copytree(ROOT / name, root / name, ignore=junk)
    for name in ("dvc.yaml", "params.yaml", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "data" / "own", root / "data" / "own")
    shutil.copy(ROOT / "data" / "removed.txt", root / "data" / "removed.txt")
    (root / "README.md").write_text("# a copy\n", encoding="utf-8")
    # For the edits: a text that no source names yet, and an import that nothing uses.
    own = root / "data" / "own" / "spanish"
    own.mkdir()
    for number, lines in enumerate(SPANISH):
        (own / f"{number}.txt").write_text("\n".join(lines), encoding="utf-8")
    plot = root / "stages" / "plot.py"
    plot.write_text(plot.read_text(encoding="utf-8") + UNUSED_IMPORT, encoding="utf-8")
    for lang, groups in GROUPS.items():
        source, target = ROOT / "data" / "bundled" / lang, root / "data" / "bundled" / lang
        for group in groups:
            (target / group).mkdir(parents=True)
            for path in [path for path in sorted((source / group).iterdir()) if path.name != "package.st"][:4]:
                shutil.copy(path, target / group / path.name)
        for path in sorted(source.glob("instructions-*.jsonl")):
            rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            (target / path.name).write_text("".join(rows[::12]), encoding="utf-8")


def _make_tiny(params: Path) -> None:
    yaml = YAML()
    values = yaml.load(params.read_text(encoding="utf-8"))
    for section, changes in TINY.items():
        values[section].update(changes)
    values["lora"]["train"].update(ADAPTER)
    for section in (values["train"], values["sft"], values["lora"]["train"], values["evaluate"]):
        section.update({"threads": 1, "precision": "fp32"})
    with params.open("w", encoding="utf-8") as file:
        yaml.dump(values, file)
