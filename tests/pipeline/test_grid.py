import pytest

from llmlab.pipeline.grid import parse_grid, parse_values, points, shown


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.2", [0.1, 0.2]),
        ("1e-4,2E-3", [1e-4, 2e-3]),
        ("adamw,muon", ["adamw", "muon"]),
        ("true,false", [True, False]),
        ("[0.9,0.95],[0.9,0.99]", [[0.9, 0.95], [0.9, 0.99]]),
        ("null,2", [None, 2]),
        ("7", [7]),
        ("2..5", [2, 3, 4, 5]),
        ("3..3", [3]),
        ("0..1:5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("128..512:4", [128, 256, 384, 512]),
        ("0.001..0.1:log3", [0.001, 0.01, 0.1]),
        ("1..1000:log4", [1.0, 10.0, 100.0, 1000.0]),
    ],
)
def test_lists_and_ranges(text, values):
    found = parse_values(text, "k")
    assert found == pytest.approx(values) if all(isinstance(each, float) for each in values) else found == values
    assert [type(each) for each in found] == [type(each) for each in values]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["nothing to sweep"]),
        (["train.lr"], ["train.lr", "key=values"]),
        (["train.lr="], ["train.lr="]),
        (["=3"], ["=3"]),
        (["a=1,1"], ["`a`", "twice"]),
        (["a=1", "a=2"], ["`a` is named twice"]),
        (["a=1,,2"], ["`a`"]),
        (["a=[1"], ["`a`", "cannot be read"]),
        (["a=0.1..0.5"], ["how many"]),
        (["a=5..2"], ["how many"]),
        (["a=x..y"], ["from a number"]),
        (["a=0..1:log3"], ["no range"]),
        (["a=1..2:1"], ["no range"]),
        (["a=1..30", "b=1..30"], ["900 runs"]),
    ],
)
def test_mistakes_are_named(words, said, refuses):
    refuses(said, parse_grid, words)


def test_every_value_goes_with_every_other():
    grid = parse_grid(["train.lr=0.1,0.2", "seed=1..3"])
    found = points(grid)
    assert len(found) == 6
    assert len({shown(point) for point in found}) == 6
    assert shown(found[1]) == "train.lr=0.1 seed=2"
