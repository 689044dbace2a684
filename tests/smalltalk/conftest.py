"""What several of these tests read."""

from pathlib import Path

import pytest
from hypothesis import settings

from llmlab.smalltalk.records import MethodRecord
from llmlab.smalltalk.tonel import read_class

# No time limit per example, for a machine that is busy with other tests; no database, for a clean checkout.
settings.register_profile("smalltalk", deadline=None, database=None)
settings.load_profile("smalltalk")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def bundled_files() -> list[Path]:
    return sorted(ROOT.glob("data/bundled/smalltalk/*/*.class.st"))


@pytest.fixture(scope="session")
def bundled_methods(bundled_files: list[Path]) -> list[MethodRecord]:
    return [each for path in bundled_files for each in read_class(path.read_text(encoding="utf-8"))[0].methods]
