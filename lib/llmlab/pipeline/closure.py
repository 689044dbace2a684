"""What a stage's code amounts to: every file of the project it imports, blind to comments, docstrings and layout.

DVC hashes only what `deps` lists and does not follow imports (treeverse/dvc#9195). So each stage depends on one small
JSON file, written by the `fingerprint` stage from what is here: a hash of the syntax tree of each file in the stage's
import closure, the bytes of package data files those files name, and the versions of third-party packages they import.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes

PACKAGE = "llmlab"
# Packages that only watch a run: installing one must not rerun anything.
_WATCHERS = {"wandb"}


@dataclass(frozen=True)
class Module:
    """What counts in one source file of the project: its hash, the modules and the data files it may name."""

    path: Path
    digest: str
    imports: tuple[str, ...]
    data_names: tuple[str, ...]


def fingerprint(script: Path, library: Path) -> dict[str, dict[str, str]]:
    """The fingerprint of a stage script, as JSON.

    Args:
        script: the stage program.
        library: the folder that holds the `llmlab` package.

    Returns:
        `files` (path relative to the library or the script's folder -> hash), `packages` (distribution -> version).

    Raises:
        LabError: a file of the closure does not parse.
    """
    root = script.parent.parent
    modules = _closure(script, library)
    files: dict[str, str] = {}
    for module in modules:
        files[_relative(module.path, library, root)] = module.digest
        for data in _data_files(module):
            content = data.read_bytes().replace(b"\r\n", b"\n")
            files[_relative(data, library, root)] = hash_bytes(content)
    return {"files": files, "packages": _packages(modules)}


def describe(tree: ast.AST) -> str:
    """A text form of a syntax tree without docstrings, positions and empty fields.

    Our own walk and not `ast.dump`, whose output changes between Python minor versions, so that 3.11 and 3.13 agree.
    For the same reason values are written in ASCII: `repr` escapes what that Python's Unicode tables do not know yet.
    """
    return "".join(_pieces(tree))


def _pieces(node: object) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield f"Constant({node.value!a})"
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name in node._fields:
            value = getattr(node, name, None)
            if name == "body" and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                value = _without_docstring(node.body)
            if isinstance(node, ast.JoinedStr):
                # Python 3.12 puts an empty text behind a format such as `{x:>{width}}`, 3.11 and 3.13 do not.
                value = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
            if value in (None, []) or isinstance(value, ast.expr_context) or name in ("type_comment", "kind"):
                continue
            yield f"{name}="
            yield from _pieces(value)
            yield ","
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _pieces(item)
            yield ","
        yield "]"
    else:
        yield ascii(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """The body without text that stands alone: docstrings, and the strings that document fields."""
    return [
        statement
        for statement in body
        if not (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )
    ]


def _closure(script: Path, library: Path) -> list[Module]:
    found: dict[Path, Module] = {}
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = module = _parse(path, path.read_bytes())
        for name in module.imports:
            waiting.extend(_files_of(name, library))
    return [found[path] for path in sorted(found)]


@cache
def _parse(path: Path, source: bytes) -> Module:
    """Cached, since the closures of the stages overlap for the most part."""
    try:
        tree = ast.parse(source, filename=path.name)
    except SyntaxError as error:
        raise LabError(f"{path}:{error.lineno} does not parse: {error.msg}", "correct that line") from error
    return Module(path, hash_bytes(describe(tree).encode()), tuple(_imported(tree)), tuple(_data_names(tree)))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names that may be modules: `from a.b import c` gives both `a.b` and `a.b.c`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(name: str, library: Path) -> Iterator[Path]:
    """Files that importing a project module runs: its own and the `__init__` of every package above it."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return
    for end in range(1, len(parts) + 1):
        place = library.joinpath(*parts[:end])
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                yield path


def _data_names(tree: ast.Module) -> list[str]:
    """Strings that may be the name of a file beside the module: `catalog.yaml`, word lists."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(text for text in texts if "." in text and len(text) < 100 and not set(text) & {"/", "\0"})


def _data_files(module: Module) -> Iterator[Path]:
    for name in module.data_names:
        path = module.path.parent / name
        if path.suffix not in (".py", ".pyc") and path.is_file():
            yield path


def _packages(modules: list[Module]) -> dict[str, str]:
    top = {name.split(".")[0] for module in modules for name in module.imports}
    outside = sorted(top - set(sys.stdlib_module_names) - {PACKAGE} - _WATCHERS)
    return {owner: metadata.version(owner) for name in outside for owner in sorted(set(_owners().get(name, [])))}


@cache
def _owners() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _relative(path: Path, library: Path, root: Path) -> str:
    base = library if path.is_relative_to(library) else root
    return path.relative_to(base).as_posix()
