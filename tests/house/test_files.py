"""How files are cut and named, and that each has its test."""

import ast
from pathlib import Path

import pytest

from .project import CODE, LIBRARY, ROOT, STAGES, TESTS, calls_in, dotted, name_of, tree_of

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "tools", "stuff"}
# Files of the library without a test file of their own, and where they are tested instead.
TESTED_ELSEWHERE = {
    "corpus/outcome.py": "two records, in test_clean.py, test_flow.py and test_census.py",
}


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=name_of)
def test_no_file_is_a_drawer(path: Path) -> None:
    words = {part.removeprefix("test_").removesuffix(".py") for part in path.relative_to(ROOT).parts}
    assert not words & BANNED_NAMES


@pytest.mark.parametrize("path", [path for path in LIBRARY if path.name == "__init__.py"], ids=name_of)
def test_an_init_holds_a_docstring_and_nothing_else(path: Path) -> None:
    tree = tree_of(path)
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_every_folder_of_the_library_is_a_package() -> None:
    folders = {path.parent for path in LIBRARY}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_a_stage_is_thin(path: Path) -> None:
    """At most 60 lines; one function, `main`, whose arguments are its options; no class, no other command line."""
    tree = tree_of(path)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [function.name for function in functions] == ["main"]
    arguments = functions[0].args
    assert not (arguments.args or arguments.posonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults)
    for argument in arguments.kwonlyargs:
        kind = argument.annotation
        assert isinstance(kind, ast.Name)
        assert kind.id == "Path" or argument.arg == "lang", f"{argument.arg} is no path: numbers belong in params.yaml"
    assert not any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & {"argparse", "click", "typer", "optparse", "sys"}
    last = tree.body[-1]
    assert isinstance(last, ast.If)
    assert [name for name, _ in calls_in(last)] == ["run_stage"]


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_a_stage_has_no_loop_over_data(path: Path) -> None:
    """Statements that loop go over names of sets or scripts; documents go through the library's generators."""
    for node in ast.walk(tree_of(path)):
        assert not isinstance(node, ast.While | ast.AsyncFor)
        if isinstance(node, ast.For):
            names = isinstance(node.iter, ast.Tuple) and all(isinstance(each, ast.Constant) for each in node.iter.elts)
            scripts = path.stem == "fingerprint" and dotted(node.iter.args[0].func) == "stages.glob"  # type: ignore[attr-defined]
            assert names or scripts, f"line {node.lineno} loops over {ast.unparse(node.iter)}"


def test_no_stage_has_the_name_of_a_module() -> None:
    """A script's own folder comes first on the import path."""
    import importlib.machinery
    import sys

    names = {path.stem for path in STAGES}
    assert not names & set(sys.stdlib_module_names)
    installed = [name for name in names if importlib.machinery.PathFinder.find_spec(name, _site_packages())]
    assert installed == []


def _site_packages() -> list[str]:
    import site

    return site.getsitepackages()


def test_every_file_of_the_library_has_its_test_file() -> None:
    """`lib/llmlab/a/b.py` is tested in `tests/a/test_b.py`, or `TESTED_ELSEWHERE` says where."""
    files = [path.relative_to(ROOT / "lib" / "llmlab") for path in LIBRARY if path.name != "__init__.py"]
    mirrored = {file: ROOT / "tests" / file.parent / f"test_{file.name}" for file in files}
    missing = {file.as_posix() for file, test in mirrored.items() if not test.exists()}
    assert missing - set(TESTED_ELSEWHERE) == set()
    assert set(TESTED_ELSEWHERE) - missing == set(), "these have their tests now"


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_every_test_can_fail(path: Path) -> None:
    """It asserts, expects an error, or hands over to something that does: a function of the tests, a fixture."""
    tree = tree_of(path)
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]:
        assert _checks(function, tree), f"{function.name} has nothing that can fail"


def _checks(function: ast.FunctionDef, tree: ast.Module) -> bool:
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    called = {name for name, _ in calls_in(function)}
    if any(name.rpartition(".")[2].startswith(("raises", "refuse", "assert_", "fail")) for name in called):
        return True
    local = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node is not function}
    fixtures = {argument.arg for argument in function.args.args}
    return any(_checks(local[name], tree) for name in (called & set(local)) | (fixtures & set(local))) or any(
        name.startswith(("check", "refuses", "agrees", "same", "equal")) for name in called
    )
