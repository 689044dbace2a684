"""The project's files, as the rules read them."""

import ast
import importlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "lib" / "llmlab").rglob("*.py"))
STAGES = sorted((ROOT / "stages").glob("*.py"))
CODE = [*LIBRARY, *STAGES]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def name_of(path: Path) -> str:
    """A file's path from the project's root, to name it in a failure."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=name_of(path))


def calls_in(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call whose function is a plain or dotted name, with that name: `torch.load`, `eval`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name:
                yield name, node


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


@cache
def pipeline() -> dict[str, Any]:
    """The stages of dvc.yaml."""
    stages: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return stages


def script_of(stage: dict[str, Any]) -> str:
    """Name of the script that a stage runs, without `.py`."""
    python, script, *_ = stage["cmd"].split()
    assert python == "python"
    return Path(script).stem


@dataclass(frozen=True)
class Read:
    """One reading of params by a stage: the section, with `{…}` for what is filled in, and the dataclass or type."""

    section: str
    kind: Any


@cache
def reads_of(script: str) -> tuple[Read, ...]:
    """What a stage script reads from params.yaml: its `load_section` and `load_value` calls."""
    tree = tree_of(ROOT / "stages" / f"{script}.py")
    imported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for name, call in calls_in(tree):
        if name == "load_section":
            module, attribute = imported[dotted(call.args[2])]
            found.append(Read(_text(call.args[1]), getattr(importlib.import_module(module), attribute)))
        elif name == "load_value":
            found.append(Read(_text(call.args[1]), None))
    return tuple(found)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    assert isinstance(node, ast.Constant), "a stage names the section it reads"
    return str(node.value)


def sections_of(params: dict[str, Any]) -> dict[str, Any]:
    """Every section of a params file that a stage reads through a dataclass: dotted name to that dataclass."""
    sections = {}
    for script in STAGES:
        for read in reads_of(script.stem):
            if read.kind is not None:
                for lang in params["languages"] if "{}" in read.section else [""]:
                    sections[read.section.replace("{}", lang)] = read.kind
    return sections


@cache
def texts() -> list[Path]:
    """Text files that git keeps or would keep, data left out; all files when this is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
        paths = [ROOT / name for name in names]
    else:
        paths = [path for top in ("lib", "stages", "tests", "docs", "presets") for path in (ROOT / top).rglob("*")]
        paths += [path for path in ROOT.iterdir() if path.is_file()]
    made = ("data/bundled/", "metrics/", "plots/")
    return [
        path
        for path in sorted(paths)
        if path.is_file() and not name_of(path).startswith(made) and b"\0" not in path.read_bytes()[:4096]
    ]
