from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.documents import make_document
from llmlab.artifacts.errors import LabError
from llmlab.corpus import minhash
from llmlab.corpus.cluster import ClusterConfig
from llmlab.corpus.executor import run_tasks
from llmlab.corpus.minhash import DedupeConfig, Feed, find_clusters
from llmlab.corpus.parts import write_parts

WORDS = [f"{a}{b}" for a in "bcdfghklmn" for b in "aeiou"]


class Note:
    """A step that leaves a file named after its rank, or fails at one."""

    def __init__(self, folder: Path, bad: int = -1) -> None:
        self.folder = folder
        self.bad = bad

    def __call__(self, _data: Any, rank: int = 0, world_size: int = 1) -> None:
        if rank == self.bad:
            raise ValueError(f"rank {rank} is a bad one")
        (self.folder / str(rank)).write_text(str(world_size))


def dedupe(work: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> dict[str, str]:
    """Clusters of sixty documents in three parts, every third a near copy of the one before."""
    texts = [" ".join(WORDS[(7 * number + 3 * place * place) % 50] for place in range(60)) for number in range(40)]
    texts += [text.replace(WORDS[3], "other", 1) for text in texts[::2]]
    documents = [make_document(lang="english", kind="prose", text=text, source="s", group="g") for text in texts]
    monkeypatch.setattr(minhash, "_PART_CHARACTERS", sum(map(len, texts)) // 2)
    config = DedupeConfig(buckets=4, hashes_per_bucket=3, **more)
    return find_clusters(lambda: iter(documents), config, work)


def test_every_task_runs_once(tmp_path: Path) -> None:
    run_tasks([Note(tmp_path)], 3, tmp_path / "logs", "local", ClusterConfig())
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir() if path.is_file()) == [
        ("0", "3"),
        ("1", "3"),
        ("2", "3"),
    ]


def test_a_failure_on_this_machine_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rank 1 is a bad one"):
        run_tasks([Note(tmp_path, bad=1)], 2, tmp_path / "logs", "local", ClusterConfig())


def test_an_earlier_run_is_no_excuse(tmp_path: Path) -> None:
    for _ in range(2):
        run_tasks([Note(tmp_path)], 1, tmp_path / "logs", "local", ClusterConfig())
        (tmp_path / "0").unlink()


def test_slurm_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="partition"):
        run_tasks([Note(tmp_path)], 1, tmp_path / "logs", "slurm", ClusterConfig())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="sbatch"):
        run_tasks([Note(tmp_path)], 1, tmp_path / "logs", "slurm", ClusterConfig(partition="cpu"))


def test_ray_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlab.corpus.executor.find_spec", lambda _name: None)
    with pytest.raises(LabError, match="package ray") as caught:
        run_tasks([Note(tmp_path)], 1, tmp_path / "logs", "ray", ClusterConfig())
    assert ".[ray]" in caught.value.remedy


@pytest.mark.slow
def test_slurm_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_slurm: Path) -> None:
    """On a stand-in for Slurm's programs: what is sent, and that the jobs find their code and files."""
    here = dedupe(tmp_path / "here", monkeypatch)
    cluster = ClusterConfig(workers=1, partition="cpu", sbatch={"account": "lab"})
    there = dedupe(tmp_path / "there", monkeypatch, executor="slurm", cluster=cluster)
    assert there == here
    assert len(set(here.values())) == 20
    jobs = fake_slurm.read_text().splitlines()
    assert jobs[0] == "llmlab-signatures cpu 0-0 lab"
    assert [job.split()[0].removeprefix("llmlab-") for job in jobs[::2]] == [
        "signatures",
        "buckets",
        "check",
        "clusters",
    ]


@pytest.mark.slow
def test_a_failed_slurm_job_is_named(tmp_path: Path, fake_slurm: Path) -> None:
    cluster = ClusterConfig(workers=2, partition="cpu", sbatch={"account": "lab"})
    write_parts([], tmp_path / "parts", 1)
    with pytest.raises(LabError, match=r"1 of 2 tasks did not finish on slurm: .*FileNotFoundError") as caught:
        # The second part is missing.
        run_tasks([Feed(tmp_path)], 2, tmp_path / "logs", "slurm", cluster)
    assert "executor: local" in caught.value.remedy
    assert fake_slurm.exists()


@pytest.mark.slow
def test_two_workers_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = dedupe(tmp_path / "here", monkeypatch)
    assert dedupe(tmp_path / "there", monkeypatch, cluster=ClusterConfig(workers=2)) == here
    assert len(set(here.values())) == 20


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra `ray`")
def test_ray_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = dedupe(tmp_path / "here", monkeypatch)
    there = dedupe(tmp_path / "there", monkeypatch, executor="ray", cluster=ClusterConfig(workers=2, memory_gb=0.2))
    assert there == here
    assert len(set(here.values())) == 20
