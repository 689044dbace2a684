"""The floors and the map of files, made from `pyproject.toml` and module docstrings; `docs/STYLE.md` prints them."""

import ast
import tomllib
from pathlib import Path

PACKAGE = Path("lib/llmlab")


def floors(pyproject: Path) -> str:
    """The layers of the import-linter contract as a drawing, the highest floor first."""
    layers = _layers(pyproject)
    lines = [f"{len(layers) - 1 - place:2}  {layer}" for place, layer in enumerate(layers)]
    return "\n".join(["```", *lines, "```"])


def packages(pyproject: Path) -> str:
    """A table of files per package, ground floor first; a package is described by its `__init__.py`."""
    names = [name.strip() for layer in reversed(_layers(pyproject)) for name in layer.split("|")]
    parts = [
        f"**{name}**: {_first_sentence(PACKAGE / name / '__init__.py')}\n\n{_files(PACKAGE / name)}" for name in names
    ]
    return "\n\n".join(parts)


def programs(folder: Path) -> str:
    """A table of the scripts of a folder."""
    return _table(
        [(f"[{path.name}](../{path.as_posix()})", _first_sentence(path)) for path in sorted(folder.glob("*.py"))]
    )


def _layers(pyproject: Path) -> list[str]:
    contracts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return next(list(contract["layers"]) for contract in contracts if contract["type"] == "layers")


def _files(package: Path) -> str:
    paths = sorted(path for path in package.rglob("*.py") if path.name != "__init__.py")
    rows = [
        (f"[{path.relative_to(package).as_posix()}](../{path.as_posix()})", _first_sentence(path)) for path in paths
    ]
    return _table(rows) if rows else "No files yet."


def _table(rows: list[tuple[str, str]]) -> str:
    lines = ["| file | what is in it |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows)]
    return "\n".join(lines)


def _first_sentence(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")
