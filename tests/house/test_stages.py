"""dvc.yaml against the scripts it runs: code, params, paths and options agree."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from .project import ROOT, STAGES, name_of, pipeline, reads_of, script_of, tree_of

STAGE_NAMES = [name for name in pipeline() if name != "fingerprint"]


def entries(stage: dict[str, Any], *keys: str) -> set[str]:
    """Names under the keys of a stage, those with options too."""
    found: set[str] = set()
    for key in keys:
        for entry in stage.get(key, []):
            found |= set(entry) if isinstance(entry, dict) else {entry}
    return found


def plain(text: str) -> str:
    """`${item.lang}` and `{…}` as one sign, so that dvc.yaml and f-strings compare."""
    return re.sub(r"\$?\{[^}]*\}", "*", text)


def test_every_script_is_run_by_a_stage_and_every_stage_has_its_script() -> None:
    run = {script_of(stage) for stage in pipeline().values()}
    assert run == {path.stem for path in STAGES}


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_a_stage_depends_on_its_own_code_which_fingerprint_writes(name: str) -> None:
    stage = pipeline()[name]
    own = f".code/{script_of(stage)}.json"
    assert [dep for dep in entries(stage, "deps") if dep.startswith(".code")] == [own]
    assert own in entries(pipeline()["fingerprint"], "outs")


def test_fingerprint_always_runs_and_writes_what_stages_depend_on_and_nothing_else() -> None:
    stage = pipeline()["fingerprint"]
    assert stage["always_changed"] is True
    assert entries(stage, "outs") == {f".code/{script_of(pipeline()[name])}.json" for name in STAGE_NAMES}
    assert stage.get("deps", []) == []


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_a_stage_lists_the_params_it_reads_and_no_others(name: str) -> None:
    """What is read and not listed would not rerun it; what is listed and not read would, for nothing."""
    stage = pipeline()[name]
    listed = {plain(entry) for entry in entries(stage, "params")}
    assert {plain(read.section) for read in reads_of(script_of(stage))} == listed


@pytest.mark.parametrize("name", list(pipeline()))
def test_the_options_of_the_command_are_those_of_the_script(name: str) -> None:
    stage = pipeline()[name]
    given = re.findall(r"--([a-z]+)", stage["cmd"])
    (main,) = (
        node
        for node in tree_of(ROOT / "stages" / f"{script_of(stage)}.py").body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    assert sorted(given) == sorted(argument.arg for argument in main.args.kwonlyargs)


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_every_path_of_the_command_is_a_dependency_or_an_output(name: str) -> None:
    """Or above outputs, as `plots` is; `.cache` holds downloads, which are found by hash."""
    stage = pipeline()[name]
    known = entries(stage, "deps", "outs", "metrics", "plots")
    for option, path in re.findall(r"--([a-z]+) (\S+)", stage["cmd"]):
        above = any(entry.startswith(f"{path}/") for entry in known)
        assert path in known or above or option == "lang" or path.startswith(".cache/"), path


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_everything_read_is_written_by_a_stage_or_is_in_git(name: str) -> None:
    written = {plain(out) for stage in pipeline().values() for out in entries(stage, "outs", "metrics", "plots")}
    for dep in entries(pipeline()[name], "deps"):
        path = plain(dep)
        below = any(out.startswith(f"{path}/") for out in written)
        assert path in written or below or (ROOT / dep).exists(), dep


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_metrics_and_plot_data_stay_in_git(name: str) -> None:
    """`cache: false`: DVC compares what git keeps; pictures are ordinary outputs."""
    for entry in [*pipeline()[name].get("metrics", []), *pipeline()[name].get("plots", [])]:
        assert isinstance(entry, dict), f"{entry} would go to the cache"
        assert [options["cache"] for options in entry.values()] == [False]


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_paths_stand_in_dvc_yaml_only(path: Path) -> None:
    tops = ("data", "models", "metrics", "plots", "notes", ".code", ".cache")
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            words = node.value.split()
            assert len(words) > 1 or not node.value.startswith(tuple(f"{top}/" for top in tops)), node.value


def test_the_matrix_is_the_list_of_languages() -> None:
    matrices = {name: stage["matrix"] for name, stage in pipeline().items() if "matrix" in stage}
    assert matrices == {name: {"lang": "${languages}"} for name in ("scrape", "clean")}
