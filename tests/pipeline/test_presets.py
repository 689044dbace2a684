from pathlib import Path

import pytest
import yaml

from llmlab.artifacts.errors import LabError
from llmlab.pipeline.presets import apply_preset, preset_names, set_value

ROOT = Path(__file__).parents[2]
PARAMS = """# what it is
seed: 1  # any number

languages:
  - english
  - chinese  # the last

# how it learns
train:
  lr: 3e-4  # peak
  steps: 10
  milestones: [5, 10]

# where it comes from
scrape:
  english:
    sources:
      - kind: local
        path: texts

# the end
plot: {}
"""


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS, encoding="utf-8")
    return path


def lay_over(params: Path, overlay: str) -> list[str]:
    folder = params.parent / "presets"
    folder.mkdir(exist_ok=True)
    (folder / "mine.yaml").write_text(overlay, encoding="utf-8")
    return apply_preset(params, folder, "mine")


@pytest.mark.parametrize("overlay", ["", "# nothing\n", "seed: 1\n", "train: {lr: 3e-4, milestones: [5, 10]}\n"])
def test_what_is_already_so_changes_no_byte(params: Path, overlay: str) -> None:
    assert lay_over(params, overlay) == []
    assert params.read_text(encoding="utf-8") == PARAMS


def test_the_projects_own_params_come_back_byte_for_byte(params: Path) -> None:
    """So that `git diff` after a preset shows what it changed and nothing else."""
    own = (ROOT / "params.yaml").read_bytes()
    params.write_bytes(own)
    lay_over(params, "")
    assert params.read_bytes() == own


def test_one_value_changes_one_line(params: Path) -> None:
    assert lay_over(params, "train: {lr: 0.1}\n") == ["train.lr"]
    assert params.read_text(encoding="utf-8") == PARAMS.replace("lr: 3e-4  # peak", "lr: 0.1   # peak")


@pytest.mark.parametrize(
    "overlay",
    [
        "languages: [spanish]\n",
        "languages: [a, b, c, d]\n",
        "train: {milestones: [1, 2, 3], steps: 20}\n",
        "train: {micro_rows: 4}\n",
        "scrape: {english: {sources: [web]}}\n",
        "scrape: {english: {sources: [{kind: git, address: x}, web]}}\n",
        "scrape: {spanish: {sources: [web]}}\n",
        "seed: 2\nplot: {dpi: 100}\n",
    ],
)
def test_values_are_as_asked_and_every_comment_and_section_break_is_kept(params: Path, overlay: str) -> None:
    wanted = yaml.safe_load(PARAMS)
    for section, value in yaml.safe_load(overlay).items():
        if section == "scrape":
            for lang, sources in value.items():
                wanted["scrape"][lang] = sources
        elif isinstance(value, dict):
            wanted[section].update(value)
        else:
            wanted[section] = value
    assert lay_over(params, overlay)
    text = params.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == wanted
    for comment in ("# what it is", "# any number", "# the last", "# peak"):
        assert comment in text
    for heading in ("\n\n# how it learns\ntrain:", "\n\n# where it comes from\nscrape:", "\n\n# the end\nplot:"):
        assert heading in text


def test_changed_keys_are_reported_in_the_order_of_the_preset(params: Path) -> None:
    overlay = "train: {steps: 20, lr: 3e-4, milestones: [1]}\nseed: 5\nscrape: {english: {sources: [web]}}\n"
    assert lay_over(params, overlay) == ["train.steps", "train.milestones", "seed", "scrape.english.sources"]


def test_a_preset_laid_twice_changes_nothing_the_second_time(params: Path) -> None:
    overlay = "train: {lr: 1e-5, extra: [1, 2]}\nlanguages: [a]\n"
    assert lay_over(params, overlay)
    once = params.read_bytes()
    assert lay_over(params, overlay) == []
    assert params.read_bytes() == once


def test_an_unknown_section_is_refused_and_nothing_written(params: Path) -> None:
    with pytest.raises(LabError, match="trian") as caught:
        lay_over(params, "seed: 9\ntrian: {lr: 1}\n")
    assert str(params) in caught.value.remedy
    assert params.read_text(encoding="utf-8") == PARAMS


def test_an_unknown_preset_is_refused_with_the_known_ones(params: Path) -> None:
    lay_over(params, "")
    with pytest.raises(LabError, match="no preset 'huge'") as caught:
        apply_preset(params, params.parent / "presets", "huge")
    assert "mine" in caught.value.remedy


def test_names_are_sorted(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "c.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert preset_names(tmp_path) == ["a", "b"]


def test_missing_params_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("", encoding="utf-8")
    with pytest.raises(LabError, match=r"params\.yaml is missing"):
        apply_preset(tmp_path / "params.yaml", tmp_path, "p")


def test_set_value_writes_one_key(params: Path) -> None:
    set_value(params, "train.steps", 20)
    assert params.read_text(encoding="utf-8") == PARAMS.replace("steps: 10", "steps: 20")
    set_value(params, "train.rows", 8)
    assert yaml.safe_load(params.read_text(encoding="utf-8"))["train"]["rows"] == 8
    set_value(params, "seed", 7)
    assert "seed: 7  # any number" in params.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["trian.steps", "seed.deeper", "train.lr.deeper"])
def test_set_value_refuses_a_section_that_is_none(params: Path, key: str) -> None:
    with pytest.raises(LabError, match="has no section"):
        set_value(params, key, 1)
    assert params.read_text(encoding="utf-8") == PARAMS
