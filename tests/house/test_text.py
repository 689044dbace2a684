"""What no tracked text holds."""

import re

import pytest

from .project import ROOT, name_of, texts

# Written in pieces, so that this file does not hold them itself.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE = re.compile(r"(?<![\w.~/-])/(?:ro" + r"ot|wo" + r"rk|ho" + r"me|Us" + r"ers)/[\w.]+")
INDEX = re.compile(
    r"(?:--(?:extra-)?index"
    + r"-url|trusted"
    + r"-host|PIP_INDEX"
    + r"_URL|find"
    + r"-links)[ =]+(?!https://download\.pytorch\.org)\S+"
    r"|https?://(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+(?::\d+)?/(?:simple|pypi)"
    r"|file:///\S*py" + r"pi"
    r"|https?://\S*(?:artif" + r"actory|nex" + r"us|dev" + r"pi|verda" + r"ccio)"
)
# Paths that tests make up to show that they stay out of artifacts.
MADE_UP = ("/home" + "/me",)


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    found = []
    for path in texts():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            found.append((f"{name_of(path)}:{number}", line))
    assert len(found) > 5000
    return found


def test_nothing_is_left_to_be_done(lines: list[tuple[str, str]]) -> None:
    assert [place for place, line in lines if UNFINISHED.search(line)] == []


def test_no_path_of_somebodys_machine(lines: list[tuple[str, str]]) -> None:
    found = [
        (place, match[0])
        for place, line in lines
        for match in MACHINE.finditer(line)
        if not match[0].startswith(MADE_UP)
    ]
    assert found == []


def test_no_package_index_of_somebodys_network(lines: list[tuple[str, str]]) -> None:
    assert [place for place, line in lines if INDEX.search(line)] == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert UNFINISHED.search("# TO" + "DO: later")
    assert MACHINE.search("open('/ho" + "me/ann/x')")
    assert MACHINE.search(" /wo" + "rk/main")
    assert not MACHINE.search("https://example.org/ho" + "me/x")
    assert INDEX.search("pip install --index" + "-url http://mirror.example/simple")
    assert INDEX.search("file:///opt/py" + "pi/simple")
    assert not INDEX.search("--index" + "-url https://download.pytorch.org/whl/cpu")


def test_text_files_end_in_one_newline_and_have_unix_line_ends() -> None:
    for path in texts():
        if path.suffix in (".py", ".yaml", ".yml", ".md", ".toml"):
            content = path.read_bytes()
            assert b"\r" not in content, name_of(path)
            assert not content or content.endswith(b"\n"), name_of(path)
            assert not content.endswith(b"\n\n"), name_of(path)


def test_the_two_commands_of_the_readme_are_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"repro", "test", "test-slow", "check"} <= targets
