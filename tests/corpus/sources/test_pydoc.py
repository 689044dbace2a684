import sysconfig
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.pydoc import _docstrings, read

SOURCE = Source(name="docs", kind="pydoc", document="prose", license="unknown", packages=["stdlib"])


def test_docstrings_come_in_the_order_of_the_file(tmp_path: Path, context: ReadContext) -> None:
    long = "one two three four five six seven eight nine ten eleven twelve"
    (tmp_path / "m.py").write_text(
        f'"""Module {long}."""\nimport nothing\nclass A:\n    """Class {long}.\n\n        Deeper.\n    """\n'
        f'    def f(self):\n        r"""Method {long} \\d."""\n    def g(self):\n        """Too short."""\n'
        f'async def h():\n    """Function {long}."""\nx = "{long}"\n',
        encoding="utf-8",
    )
    found = list(_docstrings(tmp_path / "m.py", context))
    assert [text.split()[0] for text in found] == ["Module", "Class", "Method", "Function"]
    assert found[1].endswith("twelve.\n\nDeeper.")
    for name, data in {"bad.py": b"def (", "nul.py": b"x\0", "deep.py": b"(" * 5000}.items():
        (tmp_path / name).write_bytes(data)
        assert list(_docstrings(tmp_path / name, context)) == []
    assert context.skipped["module that does not parse"] == 3


def test_the_standard_library_is_an_english_corpus(context: ReadContext) -> None:
    source = replace(
        SOURCE, glob=["stdlib/[a-c]*.py", "stdlib/json/*coder.py", "stdlib/json/__init__.py", "stdlib/textwrap.py"]
    )
    found = list(read(source, context))
    assert [d.path for d in found] == [
        "stdlib/json/__init__.py",
        "stdlib/json/decoder.py",
        "stdlib/json/encoder.py",
        "stdlib/textwrap.py",
    ]
    assert {(d.group, d.license, d.kind) for d in found} == {("stdlib", "PSF-2.0", "prose")}
    assert "JavaScript Object Notation" in found[0].text
    assert all(str(sysconfig.get_path("stdlib")) not in d.path for d in found)


def test_an_installed_package_brings_its_own_licence(context: ReadContext) -> None:
    found = list(read(replace(SOURCE, packages=[f"pyyaml=={version('pyyaml')}"]), context))
    assert found
    assert {(d.group, d.license) for d in found} == {("pyyaml", "MIT")}


@pytest.mark.parametrize(
    ("packages", "said"),
    [(["no-such-package"], "not installed"), (["pyyaml==0.0.1"], "the entry says 0.0.1"), ([], "names no `packages`")],
)
def test_what_is_not_there_is_said(packages: list[str], said: str, context: ReadContext) -> None:
    with pytest.raises(LabError, match=said):
        list(read(replace(SOURCE, packages=packages), context))


def test_a_missing_package_is_told_when_partial_is_allowed(context: ReadContext) -> None:
    context = replace(context, allow_partial=True)
    found = list(read(replace(SOURCE, packages=["no-such-package", "pyyaml"]), context))
    assert {d.group for d in found} == {"pyyaml"}
    assert list(context.missing) == ["no-such-package"]
