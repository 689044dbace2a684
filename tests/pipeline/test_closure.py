import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.pipeline.closure import describe, fingerprint

ROOT = Path(__file__).parents[2]
PYTHONS = Path.home() / ".pyenv" / "versions"

MODULE = '''"""Says something."""

import math

LIMIT = 3
NAME = "caf\\u00e9"


def area(radius: float, scale: int = 1) -> float:
    """Of a circle."""
    # pi times the square
    return math.pi * radius**2 * scale


class Point:
    """In the plane."""

    x: int = 0
    """Across."""

    @property
    def far(self) -> bool:
        return self.x > LIMIT
'''

# Every kind of syntax whose tree, or whose text form, some Python minor version writes in its own way.
SNIPPET = '''
import a.b as c
from x import y as z, w
@deco(1)
@other
class K(Base, metaclass=M):
    """Doc."""
    field: int = 3
    """Field doc."""
    bare: "list[int]"
async def f(a, /, b: int = 2, *args: str, c, d=4, **kw) -> dict[str, int]:
    async with p as q, r: pass
    async for i in j: await k
    return [x async for x in y if x]
def g():
    x = f"{a!r:>{width}.{prec}} {b=} {c:%H:%M} {{lit}} {d:}" "tail" f"{e:{w}}" 'more' f""
    y = f"{a:{b}}" f"{c = !r:>{d}}" "" f"{'nested'}"
    if (n := len(x)) > 1_000: return lambda *a, k=1, **kw: (yield)
    match x:
        case [1, 2, *rest] | {"k": v, **others} if v: pass
        case Point(x=0, y=None) as p: ...
        case "s" | 1.5e10 | -3j | True: ...
        case _: raise E from None
    try: pass
    except* (A, B) as e: del x[1:2, ..., ::3]
    try: pass
    except A: pass
    else: pass
    finally: assert x, "m"
    print(*a, sep="\\u2028\\U0001fae8\\U0001fadc", end=u"x", **kw)
    t = yield from (i for i in range(3) for k in i)
    s = {1, *a}; d = {**b, 'k': 1}
    (x): int = 3
    x += 1; x @= y; z = not x is None and a < b <= c not in d or ~e ** -2 // 3
    with (open("a") as f1, open("b") as f2): pass
    for a, *b in c: continue
    0x10, 0b1, 0o7, 1e-4, 1e400, b"\\xff", "\\u00e9", 123456789012345678901234567890
'''
SNIPPET_SHA256 = "6a21c0bedd6760554165f145eed924c324a57f2f3d57046481116125c4e1e0ee"


def hash_of(text: str | bytes) -> str:
    return hashlib.sha256(describe(ast.parse(text)).encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        ("# pi times the square", "# something else entirely"),
        ("    # pi times the square\n", ""),
        ('"""Says something."""', '"""Says\n\nmuch more.\n"""'),
        ('    """Of a circle."""\n', ""),
        ('"""In the plane."""', '"Elsewhere."'),
        ('    """Across."""\n', '    """Across, in metres."""\n'),
        ("math.pi * radius**2 * scale", "(\n        math.pi * radius ** 2\n        * scale  # note\n    )"),
        ("LIMIT = 3\n", "LIMIT = 3\n\n\n\n"),
        ("scale: int = 1) ->", "scale: int = 1,) ->"),
        ('"caf\\u00e9"', "'caf\\N{LATIN SMALL LETTER E WITH ACUTE}'"),
        ("LIMIT = 3", "LIMIT = 0x3"),
    ],
)
def test_what_does_not_change_the_program_keeps_the_hash(change: tuple[str, str]) -> None:
    before, after = change
    assert before in MODULE
    assert hash_of(MODULE.replace(before, after)) == hash_of(MODULE)


@pytest.mark.parametrize(
    "form",
    [
        MODULE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + MODULE.encode(),
        (MODULE + "\n\n# the end").encode(),
        ("# -*- coding: latin-1 -*-\n" + MODULE.replace("\\u00e9", "é")).encode("latin-1"),
    ],
)
def test_line_ends_byte_order_mark_and_encoding_do_not_count(form: bytes) -> None:
    assert hash_of(form) == hash_of(MODULE)


def test_a_text_over_several_lines_is_the_same_with_either_line_end() -> None:
    source = 'TEXT = """one\ntwo\n"""\n'
    assert hash_of(source.replace("\n", "\r\n").encode()) == hash_of(source.encode())


@pytest.mark.parametrize(
    "change",
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("x: int = 0", "x: int = False"),
        ("caf\\u00e9", "cafe\\u0301"),
        ("radius**2", "radius*2"),
        ("radius**2", "radius**-2"),
        ("self.x > LIMIT", "self.x >= LIMIT"),
        ("LIMIT", "BOUND"),
        ("def area", "def size"),
        ("scale: int = 1", "scale: int = 2"),
        ("scale: int = 1", "scale: int"),
        ("scale: int = 1", "*, scale: int = 1"),
        ("scale: int = 1", "scale: float = 1"),
        ("-> float", "-> int"),
        ("    @property\n", ""),
        ("    @property\n", "    @staticmethod\n"),
        ("class Point:", "class Point(Base):"),
        ("import math\n", "import math\nimport os\n"),
        ("import math\n", "from math import pi\n"),
        ("import math\n", ""),
        ("    return math.pi", "    yield math.pi"),
        ('NAME = "caf', 'NAME = b"caf'),
        ("LIMIT = 3", "LIMIT: int = 3"),
        ('    """Of a circle."""\n', '    TEXT = """Of a circle."""\n'),
    ],
)
def test_what_changes_the_program_changes_the_hash(change: tuple[str, str]) -> None:
    before, after = change
    assert before in MODULE
    assert hash_of(MODULE.replace(before, after)) != hash_of(MODULE)


def test_order_of_statements_counts() -> None:
    assert hash_of("a = 1\nb = 2\n") != hash_of("b = 2\na = 1\n")


def test_a_text_that_is_a_value_is_no_docstring() -> None:
    """Only text that stands alone is dropped: the same text as an argument, a default or in a branch stays."""
    assert hash_of('f("one")') != hash_of('f("two")')
    assert hash_of('def f(x="one"): pass') != hash_of('def f(x="two"): pass')
    assert hash_of('def f():\n    return "one"') != hash_of('def f():\n    return "two"')


def test_the_text_form_is_the_stored_one() -> None:
    assert hash_of(SNIPPET) == SNIPPET_SHA256


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_other_python_minors_write_the_same_text_form(version: str, tmp_path: Path) -> None:
    found = sorted(PYTHONS.glob(f"{version}.*/bin/python3"))
    program = str(found[-1]) if found else shutil.which(f"python{version}")
    if program is None:
        pytest.skip(f"Python {version} is not on this machine")
    (tmp_path / "snippet.py").write_text(SNIPPET, encoding="utf-8")
    code = (
        "import ast, hashlib, sys; sys.path.insert(0, sys.argv[1]); from llmlab.pipeline.closure import describe; "
        "text = open(sys.argv[2], encoding='utf-8').read(); "
        "print(hashlib.sha256(describe(ast.parse(text)).encode()).hexdigest())"
    )
    command = [program, "-I", "-B", "-c", code, str(ROOT / "lib"), str(tmp_path / "snippet.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == SNIPPET_SHA256


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str]], tuple[Path, Path]]:
    """Write files of a made project; returns its stage script and its library."""

    def build(files: dict[str, str]) -> tuple[Path, Path]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "stages" / "job.py", tmp_path / "lib"

    return build


PACKAGE = {
    "stages/job.py": "import llmlab.one.first\nfrom llmlab.two import second\nfrom llmlab.two.third import thing\n",
    "stages/other.py": "import llmlab.one.lonely\n",
    "lib/llmlab/__init__.py": '"""All."""\n',
    "lib/llmlab/one/__init__.py": "FLAG = 1\n",
    "lib/llmlab/one/first.py": "import json\nimport numpy as np\n",
    "lib/llmlab/one/lonely.py": "import llmlab.one.first\n",
    "lib/llmlab/two/__init__.py": "",
    "lib/llmlab/two/second.py": 'WORDS = "words.txt"\nMISSING = "missing.txt"\nFAR = "deep/far.txt"\n',
    "lib/llmlab/two/third.py": "def thing():\n    from llmlab.three import late\n    import yaml\n",
    "lib/llmlab/two/words.txt": "a\nb\n",
    "lib/llmlab/two/unread.txt": "x\n",
    "lib/llmlab/two/deep/far.txt": "x\n",
    "lib/llmlab/three/__init__.py": "",
    "lib/llmlab/three/late.py": "import llmlab.two.second\n",
    "lib/llmlab/three/other.py": "",
}
CLOSURE = {
    "stages/job.py",
    "llmlab/__init__.py",
    "llmlab/one/__init__.py",
    "llmlab/one/first.py",
    "llmlab/two/__init__.py",
    "llmlab/two/second.py",
    "llmlab/two/third.py",
    "llmlab/two/words.txt",
    "llmlab/three/__init__.py",
    "llmlab/three/late.py",
}


def test_the_closure_holds_what_an_import_runs_and_nothing_else(project: Callable[..., tuple[Path, Path]]) -> None:
    """`import a.b`, `from a import b`, an import inside a function, packages on the way, files named in strings."""
    assert set(fingerprint(*project(PACKAGE))["files"]) == CLOSURE


def test_a_cycle_of_imports_ends(project: Callable[..., tuple[Path, Path]]) -> None:
    cycle = {
        "stages/job.py": "import llmlab.a\n",
        "lib/llmlab/a.py": "import llmlab.b\n",
        "lib/llmlab/b.py": "import llmlab.a\n",
    }
    assert set(fingerprint(*project(cycle))["files"]) == {"stages/job.py", "llmlab/a.py", "llmlab/b.py"}


def test_versions_of_what_is_imported_from_outside(project: Callable[..., tuple[Path, Path]]) -> None:
    """Of numpy and PyYAML, by the name of the distribution; the standard library and the project have none."""
    packages = fingerprint(*project(PACKAGE))["packages"]
    assert packages == {"numpy": metadata.version("numpy"), "PyYAML": metadata.version("PyYAML")}


def test_a_package_that_only_watches_a_run_is_no_part_of_it(
    project: Callable[..., tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it were installed: `pip install wandb` must rerun nothing."""
    owners = {"wandb": ["numpy"], "yaml": ["PyYAML"]}
    monkeypatch.setattr("llmlab.pipeline.closure._owners", lambda: owners)
    files = {"stages/job.py": "import wandb\nimport yaml\n"}
    assert set(fingerprint(*project(files))["packages"]) == {"PyYAML"}


@pytest.mark.parametrize("name", sorted(CLOSURE))
def test_an_edit_of_a_file_changes_its_own_entry_only(project: Callable[..., tuple[Path, Path]], name: str) -> None:
    before = fingerprint(*project(PACKAGE))
    file = name if name.startswith("stages/") else f"lib/{name}"
    after = fingerprint(*project({file: PACKAGE[file] + "extra = 1\n"}))
    assert {each for each in before["files"] if before["files"][each] != after["files"][each]} == {name}
    assert after["packages"] == before["packages"]


def test_files_outside_the_closure_change_nothing(project: Callable[..., tuple[Path, Path]]) -> None:
    before = fingerprint(*project(PACKAGE))
    outside = {"stages/other.py", "lib/llmlab/one/lonely.py", "lib/llmlab/three/other.py", "lib/llmlab/two/unread.txt"}
    edited = {file: PACKAGE[file] + "extra = 1\n" for file in outside}
    junk = {"lib/llmlab/two/__pycache__/second.cpython-311.pyc": "x", "lib/llmlab/two/.DS_Store": "x"}
    assert fingerprint(*project({**edited, **junk})) == before


def test_line_ends_of_a_data_file_do_not_count(project: Callable[..., tuple[Path, Path]]) -> None:
    before = fingerprint(*project(PACKAGE))
    script, library = project({})
    (library / "llmlab/two/words.txt").write_bytes(b"a\r\nb\r\n")
    assert fingerprint(script, library) == before


def test_a_comment_in_a_data_file_counts(project: Callable[..., tuple[Path, Path]]) -> None:
    """Only Python is understood: of a data file every byte may matter."""
    before = fingerprint(*project(PACKAGE))
    assert fingerprint(*project({"lib/llmlab/two/words.txt": "a\nb\n# c\n"})) != before


def test_a_new_import_brings_the_new_file_in(project: Callable[..., tuple[Path, Path]]) -> None:
    project(PACKAGE)
    added = {"lib/llmlab/one/first.py": PACKAGE["lib/llmlab/one/first.py"] + "import llmlab.three.other\n"}
    assert set(fingerprint(*project(added))["files"]) == CLOSURE | {"llmlab/three/other.py"}


def test_a_file_that_appears_beside_its_name_counts(project: Callable[..., tuple[Path, Path]]) -> None:
    project(PACKAGE)
    assert set(fingerprint(*project({"lib/llmlab/two/missing.txt": ""}))["files"]) == CLOSURE | {
        "llmlab/two/missing.txt"
    }


@pytest.mark.parametrize("text", ["def broken(:\n", "x = 1\n  y = 2\n", "a = '\0'\n"])
def test_a_file_that_does_not_parse_is_named(
    project: Callable[..., tuple[Path, Path]], refuses: Callable[..., LabError], text: str
) -> None:
    script, library = project({**PACKAGE, "lib/llmlab/two/third.py": text})
    refuses(["third.py", "does not parse"], fingerprint, script, library)


def test_a_file_that_is_no_utf8_is_named(
    project: Callable[..., tuple[Path, Path]], refuses: Callable[..., LabError]
) -> None:
    script, library = project(PACKAGE)
    (library / "llmlab/two/third.py").write_bytes(b"NAME = '\xff'\n")
    refuses(["third.py", "does not parse"], fingerprint, script, library)


def test_the_place_of_the_project_does_not_count(project: Callable[..., tuple[Path, Path]], tmp_path: Path) -> None:
    script, library = project(PACKAGE)
    elsewhere = tmp_path.with_name(tmp_path.name + "-moved")
    before = fingerprint(script, library)
    shutil.copytree(tmp_path, elsewhere)
    assert fingerprint(elsewhere / "stages" / "job.py", elsewhere / "lib") == before


def test_a_real_stage_depends_on_what_it_runs_and_not_on_what_it_does_not() -> None:
    """Counting the closure of `clean` against what Python itself imports when the script is loaded."""
    code = (
        "import runpy, sys; sys.path.insert(0, 'lib'); runpy.run_path('stages/clean.py', run_name='loaded'); "
        "print(*[each.__file__ for name, each in sys.modules.items() if name.split('.')[0] == 'llmlab'], sep='\\n')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    loaded = {Path(line).resolve().relative_to(ROOT / "lib").as_posix() for line in done.stdout.splitlines()}
    found = fingerprint(ROOT / "stages" / "clean.py", ROOT / "lib")["files"]
    assert {name for name in found if name.endswith(".py")} - {"stages/clean.py"} == loaded
    assert not any(name.startswith(("llmlab/model/", "llmlab/train/", "llmlab/viz/")) for name in found)
