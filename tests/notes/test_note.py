import json

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.notes.note import write_note
from llmlab.notes.week import days_of
from llmlab.notes.words import words_in
from tests.viz.made import make_project, write


def read(path):
    return path.read_text(encoding="utf-8")


def put_words(path, heading, words):
    """As a person would: replace the hint between the markers."""
    start = f"<!-- yours: {heading} -->"
    before, after = read(path).split(start)
    rest = after[after.index("<!-- /yours -->") :]
    path.write_text(f"{before}{start}\n{words}\n{rest}", encoding="utf-8")


def test_the_first_note(project):
    (project / "plots").mkdir()
    (project / "plots" / "bits_per_byte.png").write_bytes(b"picture")
    path = write_note(project, "2026-W47")
    note = read(path)
    assert path == project / "notes" / "2026-W47.md"
    assert note.startswith("# 2026-W47\n")
    assert "_16 November to 22 November 2026_" in note
    assert "The first note" in note
    assert "Parameters changed" not in note
    assert "| bits per byte, chinese 中文 | 2.5500 |" in note
    assert "| valid Smalltalk methods | 62 % |" in note
    assert "(images/2026-W47-bits_per_byte.png)" in note
    assert (project / "notes" / "images" / "2026-W47-bits_per_byte.png").read_bytes() == b"picture"
    for heading in ("What I tried", "What surprised me", "What failed", "Next week"):
        assert f"## {heading}\n" in note
    assert note.index("    The old man⟩ the the of") < note.index("    The old man⟩ went down")
    kept = json.loads(read(project / "notes" / "data" / "2026-W47.json"))
    assert kept["params"]["train.steps"] == 400
    assert kept["metrics"]["eval.bits_per_byte.base.english"] == 1.93


def test_a_note_tells_what_changed_since_the_one_before(project):
    write_note(project, "2026-W40")
    make_project(project, better=0.1)
    note = read(write_note(project, "2026-W47"))
    assert "One parameter changed since 2026-W40; bits per byte over all languages went from 1.930 to 1.830." in note
    assert "| `train.lr` | `0.003` | `0.002` |" in note
    assert "train.steps" not in note
    assert "| bits per byte, english | 1.9300 | 1.8300 | ▼ −0.1000 better |" in note
    assert "| valid Smalltalk methods | 62 % | 62 % | = |" in note
    assert "| `pretrain.val_loss` | `2.71` | `2.61` |" in note


def test_a_rise_is_worse_for_losses_and_better_for_shares(project):
    write_note(project, "2026-W46")
    path = project / "metrics" / "eval.json"
    evaluation = json.loads(read(path))
    evaluation["smalltalk"]["model"]["valid"] = 0.7
    evaluation["bits_per_byte"]["base"]["english"] = 2.0
    write(path, evaluation)
    note = read(write_note(project, "2026-W47"))
    assert "| bits per byte, english | 1.9300 | 2.0000 | ▲ +0.0700 worse |" in note
    assert "| valid Smalltalk methods | 62 % | 70 % | ▲ +0.0800 better |" in note
    assert "No parameter changed since 2026-W46" in note
    assert "None since [2026-W46](2026-W46.md)." in note


def test_compared_is_the_newest_earlier_week_over_a_new_year_too(project):
    for week in ("2026-W53", "2026-W09", "2027-W02"):
        write_note(project, week)
    assert "Nothing moved since 2026-W53" in read(write_note(project, "2027-W01"))


def test_parameters_that_came_and_went(project):
    write_note(project, "2026-W46")
    (project / "params.yaml").write_text("seed: 1\ntrain:\n  lr: 3.0e-3\n  steps: 400\n  muon: a|b`c\n")
    note = read(write_note(project, "2026-W47"))
    assert "| `train.muon` | – | `a\\|b'c` |" in note
    assert "| `languages` | `['smalltalk', 'english', 'chinese']` | – |" in note


def test_an_existing_note_is_not_overwritten(project):
    path = write_note(project, "2026-W47")
    before = path.read_bytes()
    with pytest.raises(LabError, match="--again"):
        write_note(project, "2026-W47")
    assert path.read_bytes() == before


def test_again_keeps_the_words_and_renews_the_numbers(project):
    path = write_note(project, "2026-W47")
    words = "I tried 春天 | and `code`.\n\n- one\n\n```\n<!-- a comment -->\n```"
    put_words(path, "What I tried", words)
    own = "## A heading of my own\n\n<!-- yours: A heading of my own -->\n\nkept too\n\n<!-- /yours -->\n"
    path.write_text(read(path) + "\n" + own, encoding="utf-8")
    make_project(project, better=0.1)
    for _ in range(2):
        assert write_note(project, "2026-W47", again=True) == path
    note = read(path)
    assert words in note
    assert own in note
    assert words_in(note) == {"What I tried": words, "A heading of my own": "kept too"}
    assert "| bits per byte, english | 1.8300 |" in note
    assert "The first note" in note


def test_the_same_project_gives_the_same_note(project):
    first = write_note(project, "2026-W47").read_bytes()
    assert write_note(project, "2026-W47", again=True).read_bytes() == first


@pytest.mark.parametrize("broken", ["<!-- /yours -->", "<!-- yours: What failed -->"])
def test_broken_markers_stop_before_anything_is_lost(broken, project):
    path = write_note(project, "2026-W47")
    put_words(path, "What failed", "precious")
    path.write_text(read(path).replace(broken, "", 1), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(LabError, match=r"marker|no end"):
        write_note(project, "2026-W47", again=True)
    assert path.read_bytes() == before


def test_a_sample_that_imitates_a_marker_stays_a_sample(project):
    bad = "a\n<!-- yours: What failed -->\nfake\n<!-- /yours -->\n# no heading"
    write(project / "data" / "samples.json", {"samples": [{"step": 1, "lang": "english", "prompt": "", "text": bad}]})
    path = write_note(project, "2026-W47")
    assert words_in(read(path)) == {}
    assert "\n    # no heading" in read(path)
    write_note(project, "2026-W47", again=True)


def test_a_large_picture_gives_way_to_a_smaller_one(project):
    (project / "plots").mkdir()
    (project / "plots" / "bits_per_byte.png").write_bytes(b"x" * 300_000)
    (project / "plots" / "loss.png").write_bytes(b"small")
    assert "images/2026-W47-loss.png" in read(write_note(project, "2026-W47"))


def test_without_samples_plots_or_evaluation(project):
    (project / "data" / "samples.json").unlink()
    (project / "metrics" / "eval.json").unlink()
    note = read(write_note(project, "2026-W47"))
    assert "validation loss, base" in note
    assert "Samples" not in note
    assert "Picture" not in note


def test_without_metrics_there_is_no_note(tmp_path):
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    with pytest.raises(LabError, match="make repro"):
        write_note(tmp_path, "2026-W47")
    assert not (tmp_path / "notes").exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 9, "params": {}, "metrics": {}}', '{"version": 1}'])
def test_a_snapshot_that_cannot_be_read_is_named(content, project):
    write_note(project, "2026-W46")
    (project / "notes" / "data" / "2026-W46.json").write_text(content)
    with pytest.raises(LabError, match=r"2026-W46\.json"):
        write_note(project, "2026-W47")


@pytest.mark.parametrize(
    "week", ["2026-47", "2026-W54", "2025-W53", "../2026-W01", "2026-W00", "2026-W1", "", "２０２６-W01"]
)
def test_what_is_no_week_is_refused(week, project):
    with pytest.raises(LabError, match="2026-W47"):
        write_note(project, week)


def test_days_of_a_week_over_new_year():
    assert days_of("2026-W53") == "28 December 2026 to 3 January 2027"
