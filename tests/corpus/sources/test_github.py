import json
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.github import read

from .servers import GitHub, git_archive

REPOSITORIES = {
    "a/one": {"src/B.class.st": b"Class B", "src/A.class.st": b"Class A", "README.md": b"no", "big.st": b"x" * 2000},
    "b/two": {"T.st": "été".encode(), "nul.st": b"\0", "latin.st": b"\xe9\xe8 "},
    "c/isc-three": {"I.st": b"isc"},
}


@pytest.fixture
def github(httpserver: HTTPServer) -> GitHub:
    return GitHub(httpserver, REPOSITORIES)


def source(github: GitHub) -> Source:
    return Source(
        name="found",
        kind="github",
        document="code",
        license="see each",
        api=github.api,
        code_language="Smalltalk",
        licenses=["mit", "isc"],
        glob=["**/*.st"],
        max_file_bytes=1000,
    )


def lock(context: ReadContext) -> Path:
    return context.root / "data/own/found.lock.json"


def test_every_repository_is_read_at_its_commit(github: GitHub, context: ReadContext) -> None:
    found = list(read(source(github), context))
    assert [(d.group, d.path, d.text, d.license, d.url) for d in found] == [
        ("a/one", "src/A.class.st", "Class A", "MIT", "https://github.com/a/one"),
        ("a/one", "src/B.class.st", "Class B", "MIT", "https://github.com/a/one"),
        ("b/two", "T.st", "été", "MIT", "https://github.com/b/two"),
        ("c/isc-three", "I.st", "isc", "ISC", "https://github.com/c/isc-three"),
    ]
    assert context.skipped == {"file too large": 1, "binary file": 1, "not utf-8 text": 1}
    entries = json.loads(lock(context).read_text(encoding="utf-8"))["entries"]
    assert [(entry["repository"], entry["commit"]) for entry in entries] == sorted(github.commits.items())


def test_the_second_run_asks_nobody_and_a_third_elsewhere_asks_for_the_same_commits(
    github: GitHub, context: ReadContext, tmp_path: Path
) -> None:
    first = list(read(source(github), context))
    asked = len(github.requests)
    assert list(read(source(github), context)) == first
    assert len(github.requests) == asked
    # Meanwhile every repository has moved on, and a new one fits.
    github.commits = dict.fromkeys(github.commits, "f" * 40)
    elsewhere = replace(context, cache=tmp_path / "another")
    assert list(read(source(github), elsewhere)) == first
    assert all("/tarball/" in path for path in github.paths()[asked:])


def test_changed_content_under_a_pinned_commit_is_refused(github: GitHub, context: ReadContext, tmp_path: Path) -> None:
    list(read(source(github), context))
    commit = github.commits["b/two"]
    other = git_archive({"T.st": b"something else"}, commit)
    github.answers[f"/repos/b/two/tarball/{commit}"] = [lambda _: Response(other)]
    with pytest.raises(LabError, match=r"b/two at .* are not those that were pinned"):
        list(read(source(github), replace(context, cache=tmp_path / "another")))


def test_an_archive_of_another_commit_is_refused(github: GitHub, context: ReadContext) -> None:
    commit = github.commits["a/one"]
    other = git_archive(REPOSITORIES["a/one"], "e" * 40)
    github.answers[f"/repos/a/one/tarball/{commit}"] = [lambda _: Response(other)]
    with pytest.raises(LabError, match="is of commit eeeeeeeeeeee"):
        list(read(source(github), context))
    assert not lock(context).exists()


def test_a_file_that_rots_in_the_cache_is_fetched_again(github: GitHub, context: ReadContext) -> None:
    first = list(read(source(github), context))
    for path in (context.cache / "github").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    assert list(read(source(github), context)) == first
    for path in (context.cache / "github").iterdir():
        path.write_bytes(git_archive({"x.st": b"planted"}, path.name.split("@")[1].removesuffix(".tar.gz")))
    assert list(read(source(github), context)) == first


def test_a_repository_that_fails_ends_the_run_or_is_told(github: GitHub, context: ReadContext) -> None:
    path = f"/repos/b/two/tarball/{github.commits['b/two']}"
    github.answers[path] = [lambda _: Response("gone", status=404)] * 2
    with pytest.raises(LabError, match=r"b/two at .*: status 404"):
        list(read(source(github), context))
    partial = replace(context, allow_partial=True)
    assert {d.group for d in read(source(github), partial)} == {"a/one", "c/isc-three"}
    assert list(partial.missing) == ["b/two"]
    # What is missing is not pinned away: the next run has it.
    assert not lock(context).exists()
    assert {d.group for d in read(source(github), replace(context, missing={}))} == {"a/one", "b/two", "c/isc-three"}
    assert lock(context).exists()
