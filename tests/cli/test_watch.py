import os
from pathlib import Path

import pytest

from llmlab.cli import watch as module
from llmlab.cli.watch import curve, look, picture

HEAD = "step\ttokens\tloss\tgrad_norm\tlr\n"


def log(stage, key, rows, validations=()):
    folder = Path(".runs/logs") / stage / key
    folder.mkdir(parents=True)
    (folder / "train.tsv").write_text(HEAD + "".join(f"{n}\t{n * 100}\t{loss}\t0.5\t0.01\n" for n, loss in rows))
    if validations:
        lines = "".join(f"{n}\t{loss}\t{loss}\n" for n, loss in validations)
        (folder / "validation.tsv").write_text(f"step\tloss\ttrain_loss\n{lines}")
    return folder


def test_nothing_yet(works):
    assert "dvc repro" in works("watch", "--once")


def test_the_run_that_logged_last_is_shown(works):
    old = log("pretrain", "aaaaaaaa", [(1, 4.0)])
    log("sft", "bbbbbbbb", [(1, 3.0), (2, 2.5)], [(1, 3.1), (2, 3.2)])
    os.utime(old / "train.tsv", (1, 1))
    text = works("watch", "--once")
    assert "sft bbbbbbbb  step 2 of 120" in text
    assert "loss 2.5000  gradient norm 0.500  rate 0.01" in text
    assert "validation 3.2000 at step 2, best 3.1000 at step 1" in text
    assert "█▁" in text


def test_a_half_written_row_is_not_read(project):
    folder = log("lora", "cccccccc", [(1, 4.0), (2, 3.0)])
    with (folder / "train.tsv").open("a") as file:
        file.write("3\t300\t2.")
    found = look(Path(".runs/logs"))
    assert found is not None
    assert [row["step"] for row in found.steps] == [1, 2]
    assert "step 2 of 40" in picture(found, None)


@pytest.mark.parametrize("torn", ["", "step\ttok", HEAD])
def test_a_table_without_a_row_is_nothing_yet(project, torn):
    folder = log("lora", "cccccccc", [])
    (folder / "train.tsv").write_text(torn)
    assert "dvc repro" in picture(look(Path(".runs/logs")), None)


def test_speed_is_what_came_between_two_looks(project):
    log("pretrain", "aaaaaaaa", [(1, 4.0), (3, 3.0)])
    now = look(Path(".runs/logs"))
    assert now is not None
    before = module.Look(now.stage, now.key, now.steps[:1], [], now.when - 2)
    assert "  100 tokens/s" in picture(now, before)
    assert "tokens/s" not in picture(now, module.Look(now.stage, "another", now.steps, [], now.when - 2))


def test_the_curve_is_as_long_as_the_course_and_at_most_a_line():
    assert curve([4.0, 3.0, 2.0, 1.0]) == "█▆▃▁"
    assert curve([1.0]) == "▁"
    assert curve([2.0, 2.0]) == "▁▁"
    long = curve([float(-n) for n in range(1000)])
    assert len(long) == 60
    assert list(long) == sorted(long, reverse=True)


def test_it_looks_again_until_it_is_left(project, monkeypatch, capsys):
    """A run that appears and grows while it watches, and Ctrl-C."""
    naps = []

    def nap(_):
        naps.append(0)
        if len(naps) == 1:
            log("pretrain", "aaaaaaaa", [(1, 4.0)])
        elif len(naps) == 2:
            with Path(".runs/logs/pretrain/aaaaaaaa/train.tsv").open("a") as file:
                file.write("2\t200\t3.5\t0.5\t0.01\n")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(module.time, "sleep", nap)
    module.watch(once=False, every=0.1)
    assert "step 2 of 1100" in capsys.readouterr().out
