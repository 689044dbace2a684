"""The files for clusters start the same program with the same arguments as the pipeline does."""

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = ["scale/pretrain.sbatch", "scale/pretrain.sky.yaml"]


def words_from(text, word):
    words = text.replace("\\\n", " ").split()
    return words[words.index(word) :]


@pytest.mark.parametrize("name", FILES)
def test_the_stage_has_the_arguments_of_the_pipeline(name):
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["pretrain"]["cmd"]
    wanted = words_from(pipeline, "stages/pretrain.py")
    assert words_from((ROOT / name).read_text(encoding="utf-8"), wanted[0]) == wanted


def test_the_files_parse():
    task = yaml.safe_load((ROOT / FILES[1]).read_text(encoding="utf-8"))
    for script in ((ROOT / FILES[0]).read_text(encoding="utf-8"), task["run"], task["setup"]):
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert task["num_nodes"] > 1
    assert "LLMLAB_SCRATCH" in task["envs"]
