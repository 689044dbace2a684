"""Kinds of source against every way of misbehaving: an error, a count, or the true text; never a corrupt record.

The fast tests take one kind for each way, the slow ones all (`python bench/acquisition.py` runs both and counts).
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.table import READERS

from .hostile import WAYS, HostileServer, honest
from .sources.servers import article, git_archive, listing, mcz, sitemap

COMMIT = "a" * 40
TEXT = "Object subclass: #Counter. " * 40 + "消息"
PAGE = article("消息传递").encode()
LIMITS = FetchLimits(
    attempts=2,
    backoff_seconds=0,
    read_seconds=0.15,
    total_seconds=0.6,
    max_bytes=300_000,
    max_page_bytes=300_000,
    allow_private_hosts=["localhost"],
)
ITEM = {
    "full_name": "a/b",
    "default_branch": "main",
    "license": {"spdx_id": "MIT"},
    "stargazers_count": 1,
    "size": 1,
    "fork": False,
}


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        yield running


def prepare(kind: str, server: HostileServer) -> Source:
    """A source of that kind whose content, but for the way it is served, is as it should be."""
    source = Source(name="s", kind=kind, document="prose", license="MIT")  # type: ignore[arg-type]
    if kind == "http":
        server.bodies, server.target = {"/file": TEXT.encode()}, "/file"
        return replace(source, url=f"{server.url}/file", sha256=hashlib.sha256(TEXT.encode()).hexdigest())
    if kind == "monticello":
        server.bodies = {"/p/": listing("P-a.1.mcz").encode(), "/p/P-a.1.mcz": mcz(TEXT.encode())}
        server.target = "/p/P-a.1.mcz"
        return replace(source, url=f"{server.url}/p/")
    if kind == "github":
        query = "/search/repositories?q=language%3A%22S%22+license%3Amit+stars%3A%3E%3D0+size%3A%3C%3D100000"
        found = json.dumps({"total_count": 1, "items": [ITEM]}).encode()
        server.target = f"/repos/a/b/tarball/{COMMIT}"
        server.bodies = {
            f"{query}&sort=stars&order=desc&per_page=100&page=1": found,
            "/repos/a/b/commits/main": COMMIT.encode(),
            server.target: git_archive({"a.st": TEXT.encode()}, COMMIT),
        }
        return replace(source, api=server.url, code_language="S", licenses=["mit"])
    server.target = "/page"
    server.bodies = {
        "/robots.txt": b"",
        "/sitemap.xml": sitemap(f"{server.url}/page").encode(),
        "/page": PAGE,
    }
    return replace(source, url=f"{server.url}/")


def outcome(kind: str, way: str, server: HostileServer, context: ReadContext) -> tuple[str, list[str]]:
    """What came of one kind of source and one way: `refused`, `counted` or `read`, and the texts."""
    source = prepare(kind, server)
    server.way = WAYS[way]
    context = replace(context, limits=LIMITS)
    try:
        texts = [document.text for document in READERS[kind].read(source, context)]
    except LabError:
        return "refused", []
    return ("read" if texts else "counted"), texts


@pytest.fixture(scope="module")
def truths(server: HostileServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The texts of an honest server, by kind of source."""
    return {kind: read_honest(kind, server, tmp_path_factory.mktemp(kind)) for kind in KINDS}


def read_honest(kind: str, server: HostileServer, root: Path) -> list[str]:
    """The texts of an honest server, with whatever cache and pins are in `root`."""
    source = prepare(kind, server)
    server.way = honest
    patient = replace(LIMITS, read_seconds=20, total_seconds=60)
    context = ReadContext(lang="english", cache=root / "cache", root=root, limits=patient)
    return [document.text for document in READERS[kind].read(source, context)]


KINDS = ("http", "monticello", "github", "sitemap")


def test_there_are_ways_enough() -> None:
    assert len(WAYS) >= 30


def test_an_honest_server_is_read(truths: dict[str, list[str]]) -> None:
    assert truths["http"] == truths["monticello"] == truths["github"] == [TEXT]
    assert "a paragraph about 消息传递" in truths["sitemap"][0]


CASES = [
    pytest.param(way, kind, marks=[] if number % len(KINDS) == place else pytest.mark.slow)
    for number, way in enumerate(WAYS)
    for place, kind in enumerate(KINDS)
]


@pytest.mark.parametrize(("way", "kind"), CASES)
def test_no_corrupt_record(
    way: str,
    kind: str,
    server: HostileServer,
    context: ReadContext,
    truths: dict[str, list[str]],
    record_property: Callable[[str, object], None],
) -> None:
    result, texts = outcome(kind, way, server, context)
    record_property("outcome", result)
    assert result != "read" or texts == truths[kind]
    assert result == "read" or not (context.root / "data/own/s.lock.json").exists()
    # Nor does a later run, when the server is well again, meet it in the cache, in the journal or as a pin.
    assert read_honest(kind, server, context.root) == truths[kind]
