import hashlib
import json
import os
import stat
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.sources.base import ReadContext

# Reads its options from the script as Slurm does, runs the array's jobs one after the other, and honours --wait.
SBATCH = """
    #!{python}
    import os, re, subprocess, sys
    script = open(sys.argv[-1]).read()
    options = dict(re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", script, re.M))
    assert {{"wait", "partition", "time", "mem-per-cpu", "array"}} <= set(options), options
    with open(os.environ["FAKE_LOG"], "a") as log:
        log.write(" ".join(options[key] for key in ("job-name", "partition", "array", "account")) + "\\n")
    if "merge_stats" in script:
        print("Submitted batch job 2")
        sys.exit(0)
    last = int(re.match(r"0-([0-9]+)", options["array"])[1])
    codes = [
        subprocess.run(
            ["bash", sys.argv[-1]],
            env={{**os.environ, "SLURM_ARRAY_TASK_ID": str(rank), "RUN_OFFSET": "0", "SLURM_NODELIST": "here"}},
            stdout=open(options["output"].replace("%A", "1").replace("%a", str(rank)), "w"),
            stderr=subprocess.STDOUT,
        ).returncode
        for rank in range(last + 1)
    ]
    print("Submitted batch job 1")
    sys.exit(max(codes))
"""
SRUN = '#!/bin/bash\nwhile [[ "$1" == -* ]]; do [[ "$1" == -n ]] && shift; shift; done\nexec "$@"\n'


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLMLAB_MIRROR", raising=False)


@pytest.fixture
def make() -> Callable[..., Document]:
    def build(text: str, lang: str = "english", kind: str = "prose", **more: str) -> Document:
        more = {"group": "g", "license": "CC0-1.0", **more}
        return make_document(lang=lang, kind=kind, text=text, source="s", **more)

    return build


@pytest.fixture
def make_mirror(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """A mirror folder holding the given files, with a true catalogue."""

    def build(files: dict[str, bytes]) -> Path:
        folder = tmp_path / "mirror"
        folder.mkdir()
        entries = []
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            entries.append({"path": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
        (folder / "catalog.json").write_text(json.dumps({"files": entries}), encoding="utf-8")
        return folder

    return build


@pytest.fixture
def context(tmp_path: Path) -> ReadContext:
    """A context whose cache and root are temporary, impatient, and free to ask a server on this machine."""
    limits = FetchLimits(attempts=2, backoff_seconds=0, read_seconds=2, allow_private_hosts=["localhost"])
    return ReadContext(lang="english", cache=tmp_path / "cache", root=tmp_path, limits=limits)


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    programs = {
        "sbatch": textwrap.dedent(SBATCH).lstrip().format(python=sys.executable),
        "srun": SRUN,
        "scontrol": "#!/bin/bash\necho here\n",
    }
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    return tmp_path / "log"
