import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.pace import Pace
from llmlab.corpus.sources import http
from llmlab.corpus.sources.base import ReadContext, Source

LIMITS = FetchLimits(max_bytes=100_000, attempts=1, allow_private_hosts=["localhost"])


def source(data: bytes, url: str, **more: Any) -> Source:
    entry = {"name": "web", "kind": "http", "url": url, "license": "CC0", "document": "prose", **more}
    return resolve_source({"sha256": hashlib.sha256(data).hexdigest(), **entry})


def read(entry: Source, cache: Path) -> list[Document]:
    return list(http.read(entry, ReadContext(lang="english", cache=cache, limits=LIMITS)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["text.txt", "rows.jsonl"])
def test_text_rows_and_gz(name: str, packed: bool, httpserver: HTTPServer, tmp_path: Path) -> None:
    plain = b'{"text": "one"}\n{"text": "two"}\n' if "rows" in name else b"one\n\ntwo"
    data, name = (gzip.compress(plain), f"{name}.gz") if packed else (plain, name)
    httpserver.expect_request(f"/{name}").respond_with_data(data)
    entry = source(data, httpserver.url_for(f"/{name}"), split="blocks", block_chars=3)
    documents = read(entry, tmp_path)
    assert [d.text for d in documents] == ["one", "two"]
    assert {d.url for d in documents} == {entry.url}
    assert {d.path for d in documents} == {name.removesuffix(".gz")}
    assert {d.group for d in documents} == {"web"}


def test_a_packed_file_larger_than_the_limit_is_refused(httpserver: HTTPServer, tmp_path: Path) -> None:
    data = gzip.compress(bytes(1_000_000))
    httpserver.expect_request("/a.txt.gz").respond_with_data(data)
    with pytest.raises(LabError, match="unpacks to more than 100,000"):
        read(source(data, httpserver.url_for("/a.txt.gz")), tmp_path)


def test_mirror_only_says_so_and_reads_the_mirror(
    tmp_path: Path, make_mirror: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = source(b"converted", "https://example.org/original.json", mirror_only=True)
    with pytest.raises(LabError, match="LLMLAB_MIRROR"):
        read(entry, tmp_path / "cache")
    monkeypatch.setenv("LLMLAB_MIRROR", str(make_mirror({"any/name.bin": b"converted"})))
    assert [d.text for d in read(entry, tmp_path / "cache")] == ["converted"]


def test_an_entry_without_a_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no `sha256`"):
        read(replace(source(b"", "https://example.org/x"), sha256=""), tmp_path)


def test_robots_are_asked_when_the_entry_says_so(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /closed\n")
    for path in ("/closed", "/open"):
        httpserver.expect_request(path).respond_with_data(b"text")
    with pytest.raises(LabError, match="disallowed"):
        read(source(b"text", httpserver.url_for("/closed"), robots=True), tmp_path)
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt"]
    # A file that a person named, pinned by its hash, is no crawl.
    assert read(source(b"text", httpserver.url_for("/closed")), tmp_path)
    assert read(source(b"text", httpserver.url_for("/open"), robots=True), tmp_path / "b")


def test_a_host_is_asked_at_its_pace(httpserver: HTTPServer, tmp_path: Path) -> None:
    slept: list[float] = []
    pace = Pace(2.0, lambda: 0.0, slept.append)
    context = ReadContext(lang="english", cache=tmp_path, limits=LIMITS, pace=pace)
    for name in ("a", "b"):
        httpserver.expect_request(f"/{name}").respond_with_data(name)
        assert list(http.read(source(name.encode(), httpserver.url_for(f"/{name}")), context))
    assert slept == [2.0]
