"""A GitHub, a Monticello server and a small site, as far as the readers know them."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

Answer = Callable[[Request], Response]


def git_archive(files: Mapping[str, bytes], commit: str, top: str = "top") -> bytes:
    """A .tar.gz as GitHub makes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}) as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue())


def mcz(source: bytes, inside: str = "snapshot/source.st") -> bytes:
    """A Monticello package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("package", b"(name 'P')"), (inside, source)):
            # A ZipInfo of a fixed date: the same package has the same bytes.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def listing(*names: str) -> str:
    """The page of a folder, as SqueakSource writes it."""
    rows = "".join(f'<tr><td><a href="{name}">{name}</a></td></tr>' for name in names)
    return f'<html><body><h1>P</h1><a href="..">Up</a><table>{rows}</table></body></html>'


def article(title: str, more: str = "") -> str:
    """A page with something to read, and a menu around it."""
    words = f"This is a paragraph about {title}, and it is long enough for a reader to take it for the main part. " * 4
    head = f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{more}</head>'
    menu = '<nav><a href="/">Menu entry</a></nav>'
    return f"{head}<body>{menu}<main><article><h1>{title}</h1><p>{words}</p></article></main></body></html>"


def sitemap(*urls: str) -> str:
    """A sitemap by the protocol of sitemaps.org."""
    entries = "".join(f"<url><loc>{escape(url)}</loc></url>" for url in urls)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'


class GitHub:
    """Search, commits and archives of a few repositories; `answers` takes the place of a path's own answer."""

    def __init__(self, server: HTTPServer, repositories: Mapping[str, Mapping[str, bytes]], **facts: int) -> None:
        self.repositories, self.facts = repositories, facts
        self.requests: list[Request] = []
        self.answers: dict[str, list[Answer]] = {}
        self.commits = {name: f"{number:040x}" for number, name in enumerate(repositories, start=1)}
        self.api = server.url_for("/api")
        server.expect_request(re.compile("/api/.*")).respond_with_handler(self)

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        path = request.path.removeprefix("/api")
        waiting = self.answers.get(path, [])
        if waiting:
            return waiting.pop(0)(request)
        if path == "/search/repositories":
            return self.search(request)
        _, _, owner, name, kind, commit = path.split("/", 5)
        repository = f"{owner}/{name}"
        if kind == "commits":
            return Response(self.commits[repository])
        return Response(git_archive(self.repositories[repository], commit), content_type="application/x-gzip")

    def search(self, request: Request) -> Response:
        """Results of the licence asked for, two a page."""
        asked = parse_qs(urlsplit(request.url).query)
        names = [name for name in self.repositories if f"license:{self.license(name)} " in asked["q"][0] + " "]
        first = (int(asked["page"][0]) - 1) * 2
        items = [self.item(name) for name in names[first : first + 2]]
        return Response(json.dumps({"total_count": len(names), "incomplete_results": False, "items": items}))

    def item(self, name: str) -> dict[str, object]:
        """What the search tells of a repository."""
        return {
            "full_name": name,
            "default_branch": "main",
            "fork": False,
            "license": {"spdx_id": self.license(name).upper()},
            "stargazers_count": self.facts.get(name.replace("/", "_"), 1),
            "size": 10,
        }

    @staticmethod
    def license(name: str) -> str:
        """The licence's key: repositories named `isc…` have another one."""
        return "isc" if name.rpartition("/")[2].startswith("isc") else "mit"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path.removeprefix("/api") for request in self.requests]
