import pytest

from llmlab.cli.lists import spread

OPTIONS = ("--files", "--ranks")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("DIR --files a b --json", "DIR --files a --files b --json"),
        ("D E --ranks r s --files a", "D E --ranks r --ranks s --files a"),
        ("--files a --files b", "--files a --files b"),
        ("--files", "--files"),
        ("--files --json", "--files --json"),
        ("--other a b", "--other a b"),
        ("", ""),
    ],
)
def test_values_in_a_row_become_one_option_each(given, read):
    assert spread(given.split(), OPTIONS) == read.split()
