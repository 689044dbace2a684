import pytest

from llmlab.corpus.sources.globs import glob_pattern, matches


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.st", "a.st", True),
        ("*.st", "d/a.st", False),
        ("**/*.st", "a.st", True),
        ("**/*.st", "d/e/a.st", True),
        ("src/**/*.st", "src/a.st", True),
        ("src/**/*.st", "source/a.st", False),
        ("src/**", "src/d/e.st", True),
        ("src/**", "source/e.st", False),
        ("**", "a/b.st", True),
        ("**/*.st", "a\n/b\n.st", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[x].st", "[x].st", True),
        ("[x].st", "x.st", False),
        ("a.st", "axst", False),
    ],
)
def test_globs(glob: str, path: str, fits: bool) -> None:
    assert bool(glob_pattern(glob).fullmatch(path)) == fits


def test_exclusion_wins() -> None:
    assert matches("a/b.st", [], [])
    assert not matches("a/b.st", ["**/*.st"], ["a/*"])
    assert not matches("a/b.txt", ["**/*.st"], [])
