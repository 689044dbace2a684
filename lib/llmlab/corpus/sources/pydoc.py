"""Docstrings of installed packages: English prose about programs that every machine with Python has.

Files are parsed, never imported. What comes out depends on the versions installed; an entry `name==version` refuses
another one.
"""

import ast
import inspect
import os
import re
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import documents_in
from llmlab.corpus.sources.globs import matches

_STDLIB = "stdlib"
_TESTS = {"test", "tests", "idlelib", "lib2to3", "site-packages", "__pycache__"}
# Fewer words than this are a label ("Return the name."), not prose.
_FEWEST_WORDS = 12


@dataclass(frozen=True)
class _Package:
    name: str
    license: str
    files: list[tuple[str, Path]]


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """One document a module: its docstrings of some length, in the order of the file; each package is a group.

    Raises:
        LabError: a package that is not installed, or in another version than the entry says.
    """
    if not source.packages:
        raise LabError(f"source {source.name} names no `packages`", "name some, as [stdlib, numpy]")
    for wanted in source.packages:
        with context.part(wanted):
            package = _find(wanted, source)
            own = replace(
                source,
                group=source.group or package.name,
                license=package.license,
                format="text",
                split="none",
                encoding="utf-8",
            )
            for path, file in package.files:
                if matches(path, source.glob, source.exclude):
                    text = "\n\n".join(_docstrings(file, context))
                    if text:
                        yield from documents_in(text.encode("utf-8", "replace"), path, own, context)
                    else:
                        context.skipped["module without docstrings"] += 1


def _find(wanted: str, source: Source) -> _Package:
    name, _, version = wanted.partition("==")
    if name == _STDLIB:
        found = sysconfig.get_python_version()
        package = _Package(_STDLIB, "PSF-2.0", _standard_library())
    else:
        try:
            installed = distribution(name)
        except PackageNotFoundError as error:
            raise LabError(
                f"source {source.name}: package {name} is not installed", f"run `pip install {wanted}`"
            ) from error
        found, package = installed.version, _Package(name, _license(installed, source.license), _files(installed))
    if version and version != found:
        raise LabError(
            f"source {source.name}: {name} is installed as {found}, the entry says {version}",
            f"run `pip install {wanted}`, or correct the entry",
        )
    return package


def _standard_library() -> list[tuple[str, Path]]:
    root = Path(sysconfig.get_path("stdlib"))
    found = []
    for folder, inner, names in os.walk(root):
        # In place, so that installed packages, which lie below, are not even walked through.
        inner[:] = [name for name in inner if name not in _TESTS]
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    return sorted((f"stdlib/{path.relative_to(root).as_posix()}", path) for path in found)


def _files(installed: Distribution) -> list[tuple[str, Path]]:
    found = [(file.as_posix(), Path(str(file.locate()))) for file in installed.files or [] if file.suffix == ".py"]
    return sorted(
        (name, path)
        for name, path in found
        if path.is_file() and ".." not in name and not _TESTS & set(Path(name).parts)
    )


def _license(installed: Distribution, otherwise: str) -> str:
    """As the package states it in one line; else what the entry says."""
    facts = installed.metadata
    for key in ("License-Expression", "License"):
        stated = (facts.get_all(key) or [""])[0]
        if stated and "\n" not in stated.strip() and len(stated) <= 80:
            return stated.strip()
    classifiers = [value for value in facts.get_all("Classifier") or [] if value.startswith("License ::")]
    return classifiers[0].rsplit(" :: ", 1)[-1] if len(classifiers) == 1 else otherwise


def _docstrings(file: Path, context: ReadContext) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parsed code: invalid escapes and the like
            tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        context.skipped["module that does not parse"] += 1
        return
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0)):
        docstring = ast.get_docstring(node, clean=False)
        text = inspect.cleandoc(docstring) if docstring else ""
        if len(re.findall(r"[A-Za-z]{2,}", text)) >= _FEWEST_WORDS:
            yield text
