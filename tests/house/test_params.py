"""params.yaml, its presets, and the dataclasses that read them."""

import ast
import dataclasses
import inspect
import re
import shutil
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.params import load_section, read_params
from llmlab.pipeline.presets import apply_preset, preset_names

from .project import ROOT, STAGES, reads_of, sections_of

PARAMS = ROOT / "params.yaml"
PRESETS = ROOT / "presets"


def configs() -> dict[str, Any]:
    """Every dataclass that reads params, those inside others too, by name."""
    found: dict[str, Any] = {}
    waiting = list(sections_of(read_params(PARAMS)).values())
    while waiting:
        config = waiting.pop()
        if config.__name__ not in found:
            found[config.__name__] = config
            waiting += [inner for hint in typing.get_type_hints(config).values() for inner in _dataclasses_in(hint)]
    return found


def _dataclasses_in(hint: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from _dataclasses_in(part)


def test_every_section_loads_through_its_dataclass() -> None:
    sections = sections_of(read_params(PARAMS))
    assert len(sections) > 10
    for section, config in sections.items():
        assert isinstance(load_section(PARAMS, section, config), config)


def test_every_section_is_read_by_a_stage() -> None:
    read = {each.section.split(".")[0] for script in STAGES for each in reads_of(script.stem)}
    assert set(read_params(PARAMS)) == read


@pytest.mark.parametrize("name", preset_names(PRESETS))
def test_a_preset_applies_and_every_section_still_loads(name: str, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    shutil.copy(PARAMS, params)
    assert apply_preset(params, PRESETS, name), "it changes nothing"
    for section, config in sections_of(read_params(params)).items():
        load_section(params, section, config)
    before = [line.strip() for line in PARAMS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    after = [line.strip() for line in params.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert after == before


@pytest.mark.parametrize("name", preset_names(PRESETS))
def test_a_preset_says_what_it_is_for(name: str) -> None:
    assert (PRESETS / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")


def _sources(params: Path) -> dict[str, list[object]]:
    return {lang: section["sources"] for lang, section in read_params(params)["scrape"].items()}


@pytest.mark.parametrize("second", ["rtx3060", "h200"])
def test_a_machine_can_be_laid_over_real_corpora(second: str, tmp_path: Path) -> None:
    """As the presets for graphics cards say in their first lines."""
    params = tmp_path / "params.yaml"
    shutil.copy(PARAMS, params)
    sources = []
    for name in ("real", second):
        apply_preset(params, PRESETS, name)
        sources.append(_sources(params))
    # The same sources, but all of each: `real` takes no more than a CPU can read.
    assert sources[0] == sources[1] != _sources(PARAMS)
    assert all(section["max_documents"] is None for section in read_params(params)["scrape"].values())
    for section, config in sections_of(read_params(params)).items():
        load_section(params, section, config)


@pytest.mark.parametrize("config", configs().values(), ids=configs().keys())
def test_a_config_is_frozen_and_by_keyword(config: Any) -> None:
    assert config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(config))


@pytest.mark.parametrize("config", configs().values(), ids=configs().keys())
def test_every_field_is_explained(config: Any) -> None:
    """By a string below it, or by its name in the class's own docstring; what is inherited, where it stands."""
    source = ast.parse(inspect.getsource(inspect.getmodule(config)))
    (definition,) = (n for n in source.body if isinstance(n, ast.ClassDef) and n.name == config.__name__)
    below = {
        field.target.id
        for field, text in zip(definition.body, definition.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
    own = ast.get_docstring(definition) or ""
    named = set(re.findall(r"`(\w+)", own))
    missing = [name for name in inspect.get_annotations(config) if name not in below | named]
    assert missing == []
