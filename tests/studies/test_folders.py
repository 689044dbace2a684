"""What every study is made of, and that nothing depends on one."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STUDIES = sorted(path for path in (ROOT / "studies").iterdir() if path.is_dir())


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_a_study_says_question_method_verdict_and_cost(study):
    readme = (study / "README.md").read_text(encoding="utf-8")
    for part in ("**Question.**", "**Method.**", "**Verdict.**", "**Cost.**"):
        assert part in readme
    for name in ("dvc.yaml", "params.yaml", "run.py", "plot.py"):
        assert (study / name).is_file()


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_its_stages_name_files_that_are_there_and_params_that_are_read(study):
    stages = yaml.safe_load((study / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    params = yaml.safe_load((study / "params.yaml").read_text(encoding="utf-8"))
    for stage in stages.values():
        script = stage["cmd"].split()[1]
        assert (study / script).is_file()
        assert script in stage["deps"]
        assert set(stage.get("params", [])) <= set(params)


def test_nothing_depends_on_a_study():
    names = {path.stem for study in STUDIES for path in study.glob("*.py")}
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            assert not {module.split(".")[0] for module in modules} & (names | {"studies"}), path


def test_the_template_is_no_part_of_the_pipeline():
    assert "studies/_template/" in (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()
