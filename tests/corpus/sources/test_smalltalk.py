"""The same checkout as a folder and as a git repository, through scrape and clean."""

import gzip
import io
import json
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from llmlab.artifacts.documents import Document
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.flow import Flow
from llmlab.corpus.grammar import grammar_of
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.sources.base import ReadContext
from llmlab.corpus.sources.table import READERS
from llmlab.smalltalk.rendering import parse_rendered

from .servers import GitHub

FORMATS = Path(__file__).parents[2] / "smalltalk" / "fixtures" / "formats"


def package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("package", b"(name 'Nature')")
        archive.writestr("snapshot/source.st", (FORMATS / "squeak.st").read_bytes())
    return buffer.getvalue()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for path in FORMATS.rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(FORMATS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    for number in (3, 12):
        (folder / f"Nature-ab.{number}.mcz").write_bytes(package())
    mac = (FORMATS / "squeak.st").read_text(encoding="utf-8").replace("Bloom", "Bl\u00f6om").replace("Meadow", "Macow")
    (folder / "mac.st").write_bytes(mac.replace("\n", "\r").encode("mac_roman"))
    (folder / "bad.st").write_bytes(b"na\xefve")
    (folder / "binary.st").write_bytes(b"\0\1\2" * 100)
    return folder


@pytest.fixture
def repository(checkout: Path) -> Path:
    git(checkout, "init", "-q")
    commit_all(checkout)
    return checkout


def commit_all(checkout: Path) -> None:
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "x")


def git(checkout: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(checkout), "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def read(root: Path, kind: str, **more: Any) -> tuple[list[Document], Counter[str]]:
    entry = {"name": "s", "kind": kind, "license": "MIT", "document": "code", **more}
    entry["path" if kind == "local" else "address"] = "checkout"
    context = ReadContext(lang="smalltalk", cache=root / "cache", root=root)
    return list(READERS[kind].read(resolve_source(entry), context)), context.skipped


GLOBS = ["**/*.st", "**/*.mcz", "**/*.cls", "**/*.pax", "**/*.app", "**/*.gs", "**/*.sources"]


def test_every_format_comes_through(repository: Path, tmp_path: Path) -> None:
    documents, skipped = read(tmp_path, "git", glob=GLOBS)
    assert skipped == {
        **{"binary file": 1, "not utf-8 text": 1, "older version of a package": 1, "settings of a package": 1},
        "do-it": 1,
    }
    flow = Flow(["smalltalk"], lambda _dropped: None)
    kept = list(flow.leave(clean(flow.enter(documents), CleanConfig())))
    formats = {json.loads(each.meta).get("format", "tonel") for each in kept}
    assert formats == {
        *("tonel", "chunk", "gnu", "gnu bang", "visualworks xml", "topaz", "filetree", "monticello"),
    }
    names = {parse_rendered(each.text, grammar_of(each)).name for each in kept}
    assert {"Bed", "Rake", "Meadow", "Macow", "Lantern", "Ledger", "Mill", "Loom", "Tree"} <= names
    assert any("Bl\u00f6om" in each.text for each in kept)
    # `report` asserts that nothing got lost between documents in and out.
    report = flow.report()["smalltalk"]
    assert report["documents_in"] + report["further_parts"] == len(kept) + sum(report["dropped"].values())
    assert report["dropped"]["not Smalltalk: structured text"] == 1


def test_a_folder_gives_what_its_repository_gives(repository: Path, tmp_path: Path) -> None:
    from_git, skipped = read(tmp_path, "git", glob=GLOBS)
    from_folder, skipped_too = read(tmp_path, "local", glob=GLOBS)
    assert [(each.path, each.text, each.meta) for each in from_folder] == [
        (each.path, each.text, each.meta) for each in from_git
    ]
    assert skipped_too == skipped


def test_an_archive_of_github_gives_what_the_repository_gives(
    repository: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    """Every format, class folders put together and links counted too: git's own archive against its object store."""
    (repository / "link.st").symlink_to("bad.st")
    (repository / "large.st").write_text('"' + "x" * 50_000 + '"')
    (repository / "filetree/README.md").write_text("# License\n\nApache-2.0\n")
    commit_all(repository)
    commit = git(repository, "rev-parse", "HEAD").decode().strip()
    more: dict[str, Any] = {"glob": GLOBS, "group": "g", "max_file_bytes": 50_000}
    from_git, skipped = read(tmp_path, "git", **more)
    assert {json.loads(each.meta).get("format") for each in from_git} >= {"filetree", "monticello"}
    assert {each.license for each in from_git} == {"MIT", "Apache-2.0"}
    assert skipped["file too large"] == skipped["symbolic link"] == 1

    server = GitHub(httpserver, {"a/b": {}})
    server.commits["a/b"] = commit
    packed = git(repository, "archive", "--format=tar.gz", "--prefix=a-b-1234567/", "HEAD")
    server.answers[f"/repos/a/b/tarball/{commit}"] = [lambda _: Response(packed, content_type="application/x-gzip")]
    entry = {
        "name": "s",
        "kind": "github",
        "licenses": ["mit"],
        "license": "MIT",
        "document": "code",
        "code_language": "Smalltalk",
        **more,
    }
    limits = FetchLimits(allow_private_hosts=["localhost"])
    context = ReadContext(lang="smalltalk", cache=tmp_path / "cache", root=tmp_path, limits=limits)
    from_archive = list(READERS["github"].read(resolve_source({**entry, "api": server.api}), context))
    assert [replace(each, url="checkout") for each in from_archive] == from_git
    assert context.skipped == skipped
    assert [path.suffix for path in (tmp_path / "cache/github").iterdir()] == [".gz"]


def test_a_class_folder_is_taken_whole(checkout: Path, tmp_path: Path) -> None:
    documents, _ = read(tmp_path, "local", glob=["filetree/**/instance/*.st"])
    bed, extension, rake = documents
    assert bed.path == "filetree/Garden.package/Bed.class"
    assert json.loads(bed.meta) == {"format": "filetree"}
    assert "Bed class >> in: soil [" in bed.text
    assert "#category : 'Garden-Core'" in bed.text
    assert "isBed" in extension.text
    assert "{ #category : 'accessing' }\nRake >> teeth [" in rake.text
    without, _ = read(tmp_path, "local", glob=["filetree/**/instance/*.st"], exclude=["**/class/*.st"])
    assert "Bed class" not in without[0].text


def test_methods_that_tonel_cannot_hold_are_dropped_with_their_text(checkout: Path, tmp_path: Path) -> None:
    folder = checkout / "filetree/Garden.package/Bed.class/instance"
    (folder / "open.st").write_text("p\nopen\n\t^ [ 1", encoding="utf-8")
    (folder / "none.st").write_text("p\n^ 3", encoding="utf-8")
    documents, _ = read(tmp_path, "local", glob=["filetree/Garden*/Bed*/**"])
    outcomes = list(clean(documents, CleanConfig()))
    assert [(each.document.text, getattr(each, "reason", "")) for each in outcomes[:2]] == [
        ("^ 3", "broken method"),
        ("open\n\t^ [ 1", "broken method"),
    ]
    assert parse_rendered(outcomes[2].document.text).name == "Bed"


def test_packed_files_and_declared_encodings(tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    text = "Class { #name : 'A', #superclass : 'Object' }\n\nA >> foo [\n\t^ 'caf\u00e9'\n]\n"
    (folder / "A.class.st.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "B.class.st").write_bytes(text.encode("latin-1"))
    documents, _ = read(tmp_path, "local")
    assert [each.text for each in documents] == [text, text]
    assert read(tmp_path, "local", encoding="latin-1", glob=["B*"])[0][0].text == text


def test_prose_of_a_smalltalk_source_is_read_as_ever(checkout: Path, tmp_path: Path) -> None:
    documents, _ = read(tmp_path, "local", document="prose", glob=["squeak.st"])
    assert documents[0].text == (FORMATS / "squeak.st").read_text(encoding="utf-8")
