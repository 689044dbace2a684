"""How files are cut and named, and that each has its test."""

import ast
import site
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from .project import CODE, LIBRARY, ROOT, STAGES, TESTS, calls_in, dotted, name_of, tree_of

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "stuff"}
# Files of the library that have no test file of their own name: what serves one command or one figure is tested
# through it, and records are tested with what fills them.
TESTED_ELSEWHERE = {
    "cli/decoding.py": "cli/test_sample.py",
    "cli/aligning.py": "cli/test_align.py",
    "cli/range_test.py": "cli/test_sweep.py",
    "cli/sweeping.py": "cli/test_sweep.py",
    "cli/dvc.py": "cli/test_compare.py",
    "cli/errors.py": "cli/test_main.py",
    "cli/estimate.py": "cli/test_doctor.py",
    "cli/holders.py": "cli/test_clean.py",
    "cli/machine.py": "cli/test_doctor.py",
    "cli/model_side.py": "cli/test_compare.py",
    "cli/own.py": "cli/test_corpus.py",
    "cli/project.py": "cli/test_main.py",
    "cli/revision.py": "cli/test_compare.py",
    "cli/sections.py": "cli/test_preset.py",
    "cli/waste.py": "cli/test_clean.py",
    "cli/writer.py": "cli/test_sample.py",
    "cli/yaml_text.py": "cli/test_source_list.py",
    "corpus/cluster.py": "corpus/test_executor.py",
    "corpus/outcome.py": "corpus/test_clean.py",
    "corpus/sources/base.py": "corpus/test_scrape.py",
    "corpus/sources/commit.py": "corpus/sources/test_smalltalk.py",
    "corpus/sources/content.py": "corpus/sources/test_local.py",
    "corpus/sources/table.py": "corpus/test_scrape.py",
    "notes/difference.py": "notes/test_note.py",
    "notes/snapshot.py": "notes/test_note.py",
    "notes/week.py": "notes/test_note.py",
    "notes/words.py": "notes/test_note.py",
    "smalltalk/formats/lookalikes.py": "smalltalk/formats/test_table.py",
    "smalltalk/formats/patterns.py": "smalltalk/formats/test_table.py",
    "smalltalk/formats/reading.py": "smalltalk/formats/test_chunk.py",
    "smalltalk/formats/signs.py": "smalltalk/formats/test_table.py",
    "smalltalk/expressions.py": "smalltalk/test_parser.py",
    "smalltalk/literals.py": "smalltalk/test_parser.py",
    "viz/along.py": "viz/test_figures.py",
    "tasks/style.py": "tasks/test_templates.py",
    "viz/bits.py": "viz/test_figures.py",
    "viz/code.py": "viz/test_figures.py",
    "viz/corpus_flow.py": "viz/test_figures.py",
    "viz/curves.py": "viz/test_figures.py",
    "viz/fertility.py": "viz/test_figures.py",
    "viz/labels.py": "viz/test_tables.py",
    "viz/records.py": "viz/test_results.py",
    "viz/samples.py": "viz/test_pages.py",
    "viz/template.py": "viz/test_pages.py",
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
    names = {path.stem for path in STAGES}
    assert not names & set(sys.stdlib_module_names)
    installed = [name for name in names if PathFinder.find_spec(name, site.getsitepackages())]
    assert installed == []


def test_every_file_of_the_library_has_its_test_file() -> None:
    """`lib/llmlab/a/b.py` is tested in `tests/a/test_b.py`, or `TESTED_ELSEWHERE` says where."""
    files = [path.relative_to(ROOT / "lib" / "llmlab") for path in LIBRARY if path.name != "__init__.py"]
    mirrored = {file: ROOT / "tests" / file.parent / f"test_{file.name}" for file in files}
    missing = {file.as_posix() for file, test in mirrored.items() if not test.exists()}
    assert missing - set(TESTED_ELSEWHERE) == set()


def test_the_list_of_files_tested_elsewhere_is_true() -> None:
    for file, test in TESTED_ELSEWHERE.items():
        assert (ROOT / "lib" / "llmlab" / file).exists(), file
        assert (ROOT / "tests" / test).exists(), test


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_every_test_can_fail(path: Path) -> None:
    """The file asserts or expects errors, and no function of it only looks like a test."""
    tree = tree_of(path)
    checks = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    checks += [
        call for name, call in calls_in(tree) if name.rpartition(".")[2].startswith(("raises", "assert_", "refuse"))
    ]
    assert checks
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        if function.name.startswith("test_"):
            does = any(isinstance(node, ast.Assert | ast.Call) for step in function.body for node in ast.walk(step))
            assert does, f"{function.name} does nothing"
