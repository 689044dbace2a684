"""Path patterns with one meaning for folders on disk and trees in git."""

import re


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A glob over posix paths as a regular expression for `fullmatch`.

    `*` and `?` stay inside one folder, `**/` crosses any number of folders, none included, and `**` at
    the end takes all below. Only these are special, so that a `[` in a file name is a `[`.
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meanings.get(part) or re.escape(part) for part in parts), re.DOTALL)


def matches(path: str, globs: list[str], exclude: list[str]) -> bool:
    """Whether a posix path fits one of `globs` (any path when there are none) and none of `exclude`."""
    if any(glob_pattern(glob).fullmatch(path) for glob in exclude):
        return False
    return not globs or any(glob_pattern(glob).fullmatch(path) for glob in globs)
