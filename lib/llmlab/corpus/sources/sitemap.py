"""The pages of a site that wants them read: found by its sitemap, asked for as its robots.txt allows, as plain text.

Only pages of the same host are read, one at a time. The text of each page is pinned by its hash (pins.py): pages change
with every advertisement, their text seldom.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.mirror import cache_path, find_stored
from llmlab.corpus.robots import DisallowedError, Robots
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import documents_in, gunzip
from llmlab.corpus.sources.globs import matches
from llmlab.corpus.sources.html import UnusablePage, page_text
from llmlab.corpus.sources.pins import Entry, Journal, Query, read_pins, write_pins
from llmlab.corpus.web import Page, get_page

_DEPTH = 3
_MOST_SITEMAPS = 500


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the site's pages, in the order of their addresses.

    Pages that robots.txt forbids, that are gone, that are no HTML, or that hold no text are left out and counted.

    Raises:
        LabError: no robots.txt to be had, no sitemap, a page that fails, or one whose text is not what was pinned.
    """
    query: Query = {key: getattr(source, key) for key in ("url", "glob", "exclude", "max_pages")}
    entries = read_pins(source, context, query)
    robots = Robots(context.limits, context.pace)
    if entries is None:
        entries = _crawl(source, context, robots, query)
        write_pins(source, context, query, entries)
    for entry in entries:
        with context.part(entry["url"]):
            text = _pinned_text(entry, context, robots)
            own = replace(source, url=entry["url"], encoding="utf-8", format="text")
            yield from documents_in(text, _path(entry["url"]), own, context)


def _crawl(source: Source, context: ReadContext, robots: Robots, query: Query) -> list[Entry]:
    journal = Journal(source, context, query)
    entries = []
    for url in _pages(source, context, robots):
        with context.part(url):
            known = journal.find(url)
            if known is None or find_stored(known["sha256"], context.cache) is None:
                known = _settle(url, context, robots)
            if "skipped" in known:
                # Not into the journal: until the lock is written, a page gets another chance at each run.
                context.skipped[known["skipped"]] += 1
                continue
            journal.add(url, known)
            entries.append({"url": url, "sha256": known["sha256"]})
    if not entries and not context.missing:
        raise LabError(f"source {source.name}: no page of {source.url} could be used", "correct its `url` or `glob`")
    return entries


def _settle(url: str, context: ReadContext, robots: Robots) -> Entry:
    """Fetch one page and keep its text in the cache: its hash, or why it is left out."""
    try:
        page = get_page(url, context.limits, before=robots.before)
        if urlsplit(page.url).netloc != urlsplit(url).netloc:
            return {"skipped": "page that redirects to another host"}
        text = page_text(page).encode()
    except DisallowedError:
        return {"skipped": "disallowed by robots.txt"}
    except UnusablePage as reason:
        return {"skipped": str(reason)}
    digest = hash_bytes(text)
    with atomic_file(cache_path(digest, context.cache)) as temporary:
        temporary.write_bytes(text)
    return {"sha256": digest}


def _pinned_text(entry: Entry, context: ReadContext, robots: Robots) -> bytes:
    stored = find_stored(entry["sha256"], context.cache)
    if stored is None:
        found = _settle(entry["url"], context, robots)
        if found != {"sha256": entry["sha256"]}:
            raise LabError(
                f"{entry['url']} is not what was pinned ({found.get('skipped', 'its text has changed')})",
                "delete the lock file to read the site anew, or name a mirror that has the old text in LLMLAB_MIRROR",
            )
        stored = cache_path(entry["sha256"], context.cache)
    return stored.read_bytes()


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).lstrip("/") or "index"


def _pages(source: Source, context: ReadContext, robots: Robots) -> list[str]:
    """The addresses that the sitemaps list, of this host and allowed, sorted; at most `max_pages`."""
    host = urlsplit(source.url).netloc
    pages = []
    for url in sorted(set(_listed(source, context, robots))):
        if urlsplit(url).netloc != host or urlsplit(url).scheme not in ("http", "https"):
            context.skipped["page of another host"] += 1
        elif not matches(_path(url), source.glob, source.exclude):
            context.skipped["page that fits no `glob`"] += 1
        elif not robots.allowed(url):
            context.skipped["disallowed by robots.txt"] += 1
        else:
            pages.append(url)
    if len(pages) > source.max_pages:
        context.skipped["over max_pages"] += len(pages) - source.max_pages
    return pages[: source.max_pages]


def _listed(source: Source, context: ReadContext, robots: Robots) -> Iterator[str]:
    """What the sitemaps of a site list; `url` is a sitemap, or a site whose robots.txt names them."""
    last = urlsplit(source.url).path
    if re.search(r"\.(xml|txt)(\.gz)?$", last):
        waiting = [(source.url, 0)]
    else:
        named = robots.sitemaps(source.url) or [urljoin(source.url, "/sitemap.xml")]
        waiting = [(url, 0) for url in named]
    seen: set[str] = set()
    while waiting:
        url, depth = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        if depth > _DEPTH or len(seen) > _MOST_SITEMAPS:
            raise LabError(f"the sitemaps of {source.url} lead on without end", "name one of its sitemaps as `url`")
        if urlsplit(url).netloc != urlsplit(source.url).netloc:
            context.skipped["sitemap of another host"] += 1
            continue
        more, pages = _read_sitemap(url, context, robots)
        waiting += [(urljoin(url, each), depth + 1) for each in more]
        yield from (urljoin(url, each) for each in pages)


def _read_sitemap(url: str, context: ReadContext, robots: Robots) -> tuple[list[str], list[str]]:
    """Further sitemaps, and pages."""
    page = get_page(url, context.limits, before=robots.before)
    if page.status != 200:
        raise LabError(f"the sitemap {url} answered with status {page.status}", "correct the source's `url`")
    body = _body(page, context)
    if urlsplit(url).path.removesuffix(".gz").endswith(".txt"):
        return [], [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    # Entities are how XML explodes, and no sitemap needs to declare one.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise LabError(f"the sitemap {url} declares a document type", "a sitemap is plain XML; tell the site's owner")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError) as error:
        raise LabError(f"the sitemap {url} is no whole XML: {error}", "run again later, or correct `url`") from error
    found = [(element.text or "").strip() for element in root.iterfind("./{*}*/{*}loc")]
    places = [place for place in found if place]
    return (places, []) if root.tag.rpartition("}")[2] == "sitemapindex" else ([], places)


def _body(page: Page, context: ReadContext) -> bytes:
    if page.body.startswith(b"\x1f\x8b"):
        return gunzip(page.body, context.limits.max_page_bytes, page.url)
    return page.body
