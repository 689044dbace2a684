import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def outs_of_plot():
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["plot"]
    return sorted([*stage["outs"], *(name for plot in stage["plots"] for name in plot)])


def run(project):
    places = {"metrics": "metrics", "samples": "data/samples.json", "dropped": "data/dropped", "dedup": "data/dedup"}
    places |= {"decontaminated": "data/decontaminated", "out": "plots"}
    command = [part for name, path in places.items() for part in (f"--{name}", path)]
    return subprocess.run(
        [sys.executable, ROOT / "stages" / "plot.py", *command],
        check=False,
        cwd=project,
        capture_output=True,
        text=True,
    )


def test_the_stage_writes_what_dvc_expects_and_the_same_bytes_again(project):
    first = run(project)
    assert first.returncode == 0, first.stderr
    # A fresh home folder may make matplotlib say that it builds its font cache; nothing else is to be heard.
    assert not [line for line in first.stderr.splitlines() if "font cache" not in line]
    written = {path.relative_to(project).as_posix(): path.read_bytes() for path in (project / "plots").iterdir()}
    assert sorted(written) == outs_of_plot()
    assert run(project).returncode == 0
    assert all((project / name).read_bytes() == content for name, content in written.items())


def test_a_missing_input_is_a_sentence(project):
    (project / "data" / "samples.json").unlink()
    failed = run(project)
    assert failed.returncode == 1
    assert "dvc repro evaluate" in failed.stderr
    assert "Traceback" not in failed.stderr
