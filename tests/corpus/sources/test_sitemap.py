import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.sitemap import read

from .servers import article, sitemap


class Site:
    """A small site with a sitemap, whose requests are counted."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.pages: dict[str, Response] = {}
        server.expect_request(re.compile("/.*")).respond_with_handler(self)
        self.robots("User-agent: *\nAllow: /\n")

    def __call__(self, request: Request) -> Response:
        return self.pages.get(request.path, Response("", status=404))

    def robots(self, text: str) -> None:
        self.put("/robots.txt", text, "text/plain")

    def put(
        self,
        path: str,
        body: str | bytes,
        kind: str = "text/html; charset=utf-8",
        status: int = 200,
        location: str = "",
    ) -> None:
        headers = {"Location": location} if location else {}
        self.pages[path] = Response(body, content_type=kind, status=status, headers=headers)

    def map(self, *paths: str) -> None:
        self.put("/sitemap.xml", sitemap(*[path if "://" in path else self.url + path for path in paths]), "text/xml")

    def asked(self) -> list[str]:
        return [request.full_path.rstrip("?") for request, _ in self.server.log]

    def source(self, url: str = "/", **more: object) -> Source:
        values = {"name": "site", "kind": "sitemap", "document": "prose", "license": "CC0-1.0", **more}
        return Source(url=self.url + url, **values)  # type: ignore[arg-type]


@pytest.fixture
def site(httpserver: HTTPServer) -> Site:
    return Site(httpserver)


def test_the_pages_of_a_site_are_read_once(site: Site, context: ReadContext, tmp_path: Path) -> None:
    site.map("/b", "/a", "/gone", "/pic", "http://elsewhere.example/x", "/a")
    for path in ("/a", "/b"):
        site.put(path, article(f"page {path}"))
    site.put("/gone", "", status=404)
    site.put("/pic", b"\x89PNG", kind="image/png")
    found = list(read(site.source(), context))
    assert [(d.path, d.url) for d in found] == [("a", f"{site.url}/a"), ("b", f"{site.url}/b")]
    assert "page /a" in found[0].text
    assert context.skipped == {"page of another host": 1, "page that is gone": 1, "page that is no HTML": 1}
    assert site.asked() == ["/robots.txt", "/sitemap.xml", "/a", "/b", "/gone", "/pic"]
    assert list(read(site.source(), context)) == found
    assert len(site.asked()) == 6
    # Elsewhere, with an empty cache: the pinned pages, if they still say the same.
    assert list(read(site.source(), replace(context, cache=tmp_path / "another"))) == found


def test_a_page_that_has_changed_since_it_was_pinned_is_refused(
    site: Site, context: ReadContext, tmp_path: Path
) -> None:
    site.map("/a")
    site.put("/a", article("one"))
    list(read(site.source(), context))
    site.put("/a", article("another"))
    with pytest.raises(LabError, match="its text has changed"):
        list(read(site.source(), replace(context, cache=tmp_path / "another")))


def test_sitemaps_lead_to_sitemaps(site: Site, context: ReadContext) -> None:
    site.robots(f"User-agent: *\nSitemap: {site.url}/index.xml\n")
    index = sitemap(f"{site.url}/one.xml.gz", f"{site.url}/two.txt", "http://elsewhere.example/s.xml")
    site.put(
        "/index.xml",
        index.replace("urlset", "sitemapindex").replace("<url>", "<sitemap>").replace("</url>", "</sitemap>"),
    )
    site.put("/one.xml.gz", gzip.compress(sitemap(f"{site.url}/a").encode()))
    site.put("/two.txt", f"{site.url}/b\n\n{site.url}/c\n")
    for path in ("/a", "/b", "/c"):
        site.put(path, article(path))
    assert [d.path for d in read(site.source(max_pages=2), context)] == ["a", "b"]
    assert context.skipped == {"sitemap of another host": 1, "over max_pages": 1}


def test_globs_choose_pages(site: Site, context: ReadContext) -> None:
    site.map("/docs/a", "/docs/b", "/blog/c")
    site.put("/docs/a", article("a"))
    assert [d.path for d in read(site.source(glob=["docs/*"], exclude=["docs/b"]), context)] == ["docs/a"]
    assert context.skipped == {"page that fits no `glob`": 2}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><urlset/>", "document type"),
        ("<urlset><url>", "no whole XML"),
        ("", "no whole XML"),
        ("<urlset></urlset>", "no page"),
        (b"\x1f\x8bgarbage", "gzip"),
        (gzip.compress(bytes(20_000_000)), "unpacks to more"),
    ],
)
def test_a_sitemap_that_is_none_is_refused(body: str | bytes, said: str, site: Site, context: ReadContext) -> None:
    site.put("/sitemap.xml", body, kind="text/xml")
    with pytest.raises(LabError, match=said):
        list(read(site.source(), context))


def test_sitemaps_in_a_circle_end(site: Site, context: ReadContext) -> None:
    index = sitemap(f"{site.url}/sitemap.xml").replace("urlset", "sitemapindex")
    site.put("/sitemap.xml", index, kind="text/xml")
    with pytest.raises(LabError, match="no page"):
        list(read(site.source(), context))


def test_an_interrupted_crawl_goes_on(site: Site, context: ReadContext) -> None:
    site.map("/a", "/b")
    site.put("/a", article("a"))
    site.put("/b", "", status=403)
    with pytest.raises(LabError, match="status 403"):
        list(read(site.source(), context))
    site.put("/b", article("b"))
    assert [d.path for d in read(site.source(), context)] == ["a", "b"]
    assert site.asked().count("/a") == 1


def test_a_page_may_not_lead_away(site: Site, context: ReadContext, httpserver: HTTPServer) -> None:
    site.map("/a", "/b")
    site.put("/b", article("b"))
    away = f"http://127.0.0.1:{httpserver.port}/b"
    site.put("/a", "", status=302, location=away)
    with pytest.raises(LabError, match="not a public address"):
        list(read(site.source(), context))
    partial = replace(context, allow_partial=True)
    assert [d.path for d in read(site.source(), partial)] == ["b"]
    assert list(partial.missing) == [f"{site.url}/a"]


DISALLOWED = [
    "/private/",
    "/private/a",
    "/private/deep/er/b",
    "/private/%61",
    "/tmp",
    "/tmpfile",
    "/tmp/x",
    "/cgi-bin/run",
    "/a.php",
    "/deep/b.php",
    "/search?q=1",
    "/search?page=2&q=x",
    "/print/1/print",
    "/caf%C3%A9",
    "/café/menu",
    "/users/me/edit",
    "/users/you/edit/now",
    "/exact",
    "/*literal",
    "/mixed/Case",
    "/session;id=1",
    "/%7Ejoe/diary",
    "/~joe/letters",
]
RULES = """User-agent: *
Disallow: /private/
Disallow: /tmp
Disallow: /cgi-bin/
Disallow: /*.php$
Disallow: /search?*q=
Disallow: /print/*/print
Disallow: /caf%C3%A9
Disallow: /users/*/edit
Disallow: /exact$
Disallow: /%2Aliteral
Disallow: /mixed/Case
Disallow: /session;
Disallow: /~joe/
Allow: /private/open
"""
ALLOWED = ["/private/open", "/a.php5", "/search", "/exactly", "/mixed/case", "/users/me"]


def test_no_disallowed_path_is_asked_for(site: Site, context: ReadContext) -> None:
    site.robots(RULES)
    site.map(*DISALLOWED, *ALLOWED)
    for path in ALLOWED:
        site.put(path, article(path))
    found = list(read(site.source(), context))
    assert sorted(f"/{d.path}" for d in found) == sorted(ALLOWED)
    assert context.skipped == {"disallowed by robots.txt": len(DISALLOWED)}
    assert sorted(site.asked()) == sorted(["/robots.txt", "/sitemap.xml", *ALLOWED])


@pytest.mark.parametrize("path", DISALLOWED)
def test_a_redirect_is_no_way_round(path: str, site: Site, context: ReadContext) -> None:
    site.robots(RULES)
    site.map("/go", "/private/open")
    site.put("/private/open", article("open"))
    location = path.encode("ascii", "ignore").decode() if path.isascii() else "/caf%C3%A9/menu"
    site.put("/go", "", status=302, location=location)
    assert [d.path for d in read(site.source(), context)] == ["private/open"]
    assert context.skipped == {"disallowed by robots.txt": 1}
    assert set(site.asked()) == {"/robots.txt", "/sitemap.xml", "/go", "/private/open"}
