"""What the tests of every study need: its scripts to import, and nothing of them left behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def study_on_path(request: pytest.FixtureRequest) -> Iterator[None]:
    """The folder `STUDY` of a test module on the import path, as when its scripts run.

    Studies name their scripts alike (`run`, `plot`), so those of one must be gone before the next one's are asked for.
    A package of tests may have the name of a script (`smalltalk`): it is put aside for as long.
    """
    folder: Path | None = getattr(request.module, "STUDY", None)
    if folder is None:
        yield
        return
    names = {path.stem for path in folder.glob("*.py")}
    aside = {name: sys.modules.pop(name) for name in names & set(sys.modules)}
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(folder):
            del sys.modules[name]
    sys.modules.update(aside)
