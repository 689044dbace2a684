import json
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.monticello import mcz_source, newest_versions, read

from .servers import listing, mcz

FILES = {
    "Coll-ab.9.mcz": mcz(b"old"),
    "Coll-zz.10.mcz": mcz("Object subclass: #Été!".encode()),
    "Coll-Tests-ab.3.mcz": mcz("caf\xe9!".encode("latin-1")),
    "Other.branch-Torsten Bergmann.1.mcz": mcz(b"\xef\xbb\xbfbranch!"),
}


@pytest.fixture
def source(httpserver: HTTPServer) -> Source:
    links = [name.replace(" ", "%20") for name in FILES]
    page = listing(*links, "Coll-ab.11.mcd", "notes.mcz", "http://elsewhere.example/Far-ab.1.mcz")
    httpserver.expect_request("/p/").respond_with_data(page, content_type="text/html")
    for name, data in FILES.items():
        httpserver.expect_request(f"/p/{name}").respond_with_data(data)
    return Source(name="mc", kind="monticello", document="code", license="MIT", url=httpserver.url_for("/p/"))


def test_the_newest_version_of_each_package_is_read(
    source: Source, context: ReadContext, httpserver: HTTPServer
) -> None:
    found = list(read(source, context))
    assert [(d.path, d.text) for d in found] == [
        ("Coll-zz.10.mcz/snapshot/source.st", "Object subclass: #Été!"),
        ("Coll-Tests-ab.3.mcz/snapshot/source.st", "café!"),
        ("Other.branch-Torsten Bergmann.1.mcz/snapshot/source.st", "branch!"),
    ]
    assert context.skipped == {"older version": 1, "file name that tells no version": 1, "link to another host": 1}
    assert "/p/Coll-ab.9.mcz" not in [request.path for request, _ in httpserver.log]


def test_for_smalltalk_a_package_becomes_its_classes(
    context: ReadContext, httpserver: HTTPServer, tmp_path: Path
) -> None:
    head = "Object subclass: #Counter instanceVariableNames: 'n' category: 'C'!\n"
    code = f"{head}!Counter methodsFor: 'a'!\nup\n\tn := n + 1! !\n"
    httpserver.expect_request("/s/").respond_with_data(listing("C-ab.1.mcz"), content_type="text/html")
    httpserver.expect_request("/s/C-ab.1.mcz").respond_with_data(mcz(code.encode()))
    source = Source(name="s", kind="monticello", document="code", license="MIT", url=httpserver.url_for("/s/"))
    (document,) = read(source, replace(context, lang="smalltalk"))
    assert document.path == "C-ab.1.mcz"
    assert "Counter >> up [" in document.text
    assert "n := n + 1" in document.text


def test_the_next_run_reads_the_same_versions(
    source: Source, context: ReadContext, httpserver: HTTPServer, tmp_path: Path
) -> None:
    first = list(read(source, context))
    httpserver.clear_log()
    assert list(read(source, context)) == first
    assert len(httpserver.log) == 0
    # A newer version is there, and this machine has an empty cache: still the pinned ones.
    httpserver.clear_all_handlers()
    for name, data in FILES.items():
        httpserver.expect_request(f"/p/{name}").respond_with_data(data)
    elsewhere = replace(context, cache=tmp_path / "another")
    assert list(read(source, elsewhere)) == first
    httpserver.clear_all_handlers()
    httpserver.expect_request("/p/Coll-zz.10.mcz").respond_with_data(mcz(b"changed"))
    with pytest.raises(LabError, match="has changed"):
        list(read(source, replace(context, cache=tmp_path / "third")))


def test_packages_are_chosen_by_name(source: Source, context: ReadContext) -> None:
    found = list(read(replace(source, packages=["Coll*"]), context))
    assert len(found) == 2
    assert context.skipped["package not in `packages`"] == 1
    with pytest.raises(LabError, match="no package"):
        list(read(replace(source, packages=["Nope"], lock="other.json"), context))


@pytest.mark.parametrize("page", ["<html><body><a href='A-b.1.mcz'>A</a>", ""])
def test_half_a_listing_is_refused(page: str, context: ReadContext, httpserver: HTTPServer, source: Source) -> None:
    httpserver.expect_request("/q/").respond_with_data(page, content_type="text/html")
    with pytest.raises(LabError, match="cut short"):
        list(read(replace(source, url=httpserver.url_for("/q/")), context))


def test_an_interrupted_run_goes_on(source: Source, context: ReadContext, httpserver: HTTPServer) -> None:
    last = "/p/Other.branch-Torsten Bergmann.1.mcz"
    httpserver.expect_ordered_request("/p/").respond_with_data(
        listing("Coll-ab.9.mcz", "Other.branch-Torsten%20Bergmann.1.mcz")
    )
    httpserver.expect_ordered_request("/p/Coll-ab.9.mcz").respond_with_data(FILES["Coll-ab.9.mcz"])
    httpserver.expect_ordered_request(last).respond_with_data("no", status=404)
    with pytest.raises(LabError, match="status 404"):
        list(read(source, context))
    httpserver.clear_log()
    httpserver.clear_all_handlers()
    httpserver.expect_request("/p/").respond_with_data(
        listing("Coll-ab.9.mcz", "Other.branch-Torsten%20Bergmann.1.mcz")
    )
    httpserver.expect_request(last).respond_with_data(FILES[last.removeprefix("/p/")])
    assert len(list(read(source, context))) == 2
    assert [request.path for request, _ in httpserver.log] == ["/p/", last]
    lock = json.loads((context.root / "data/own/mc.lock.json").read_text(encoding="utf-8"))
    assert [entry["package"] for entry in lock["entries"]] == ["Coll", "Other.branch"]


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["A-b.9.mcz", "A-b.10.mcz"], ["A-b.10.mcz"]),
        (["A-b.2.mcz", "A-c.2.mcz"], ["A-c.2.mcz"]),
        (["A.3.mcz", "A-b.2.mcz"], ["A.3.mcz"]),
        (["A-B-c.1.mcz", "A-c.5.mcz"], ["A-c.5.mcz", "A-B-c.1.mcz"]),
        (["A.v3-b.1.mcz", "A-b.2.mcz"], ["A-b.2.mcz", "A.v3-b.1.mcz"]),
    ],
)
def test_versions_are_numbers(names: list[str], newest: list[str], context: ReadContext) -> None:
    assert [version.url for version in newest_versions(names, context)] == newest


def test_a_package_that_is_none_is_refused() -> None:
    whole = mcz(b"x" * 100_000)
    assert mcz_source(whole, "P", 100_000) == "x" * 100_000
    with pytest.raises(LabError, match="more than 99,999"):
        mcz_source(whole, "P", 99_999)
    bomb = mcz(bytes(50_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(LabError, match="more than"):
        mcz_source(bomb, "P", 1_000_000)
    broken = bytearray(mcz(bytes(range(256)) * 20))
    broken[len(broken) // 2] ^= 0xFF
    for data in (b"", b"PK", whole[:-40], bytes(broken), mcz(b"x", "snapshot.bin"), b"<html>not found</html>"):
        with pytest.raises(LabError, match="no whole Monticello package"):
            mcz_source(data, "P", 1 << 20)
