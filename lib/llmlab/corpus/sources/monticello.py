"""Packages of a Monticello server (SqueakSource, SmalltalkHub, SS3): of each the newest version, pinned by its hash.

These servers show a folder as a page of links to files `Package-author.number.mcz`; the number counts a package's
versions. What is in a .mcz is read in `mcz_source`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.fetch import fetch
from llmlab.corpus.mirror import cache_path, find_stored
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.files import file_documents
from llmlab.corpus.sources.globs import matches
from llmlab.corpus.sources.pins import Entry, Journal, Query, read_pins, write_pins
from llmlab.corpus.sources.smalltalk import is_smalltalk
from llmlab.corpus.web import get_page
from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.monticello import SOURCE, ZipLimits, open_zip, read_member
from llmlab.smalltalk.formats.reading import RefusedError

# The package's name may hold dashes, the author's may not.
_VERSION = re.compile(r"(?P<package>.+?)(?:-(?P<author>[^-.]*))?\.(?P<number>\d{1,9})\.mcz")


@dataclass(frozen=True, order=True)
class _Version:
    number: int
    author: str
    package: str
    url: str


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """The newest version of each package that fits `packages`, in the order of the packages' names.

    Raises:
        LabError: the listing or a package cannot be had, has changed since it was pinned, or is damaged.
    """
    query: Query = {"url": source.url, "packages": sorted(source.packages)}
    entries = read_pins(source, context, query)
    if entries is None:
        entries = _pin(source, context, query)
        write_pins(source, context, query, entries)
    for entry in entries:
        with context.part(entry["package"]):
            file = fetch(
                entry["url"],
                sha256=entry["sha256"],
                cache=context.cache,
                limits=context.limits,
                before=context.pace.wait,
            )
            name = PurePosixPath(unquote(urlsplit(entry["url"]).path)).name
            yield from _package_documents(file.read_bytes(), name, source, context)


def _package_documents(data: bytes, name: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """The classes of a package; read for another language than Smalltalk, its source as one text."""
    if is_smalltalk(source, context):
        yield from file_documents(data, name, source, context)
        return
    text = mcz_source(data, name, context.limits.max_bytes)
    yield from file_documents(text.encode(), f"{name}/{SOURCE}", replace(source, encoding="utf-8"), context)


def newest_versions(links: list[str], context: ReadContext) -> list[_Version]:
    """The newest version of each package among links; of two with one number the later author by name."""
    newest: dict[str, _Version] = {}
    for link in sorted(set(links)):
        name = PurePosixPath(unquote(urlsplit(link).path)).name
        parts = _VERSION.fullmatch(name)
        if parts is None:
            context.skipped["file name that tells no version"] += 1
            continue
        version = _Version(int(parts["number"]), parts["author"] or "", parts["package"], link)
        present = newest.setdefault(version.package, version)
        if present is not version:
            context.skipped["older version"] += 1
            newest[version.package] = max(present, version)
    return [newest[package] for package in sorted(newest)]


def mcz_source(data: bytes, name: str, limit: int) -> str:
    """The source text of a .mcz, the whole package as a chunk file.

    Raises:
        LabError: no Monticello package, damaged, or more than `limit` bytes once unpacked.
    """
    limits = ZipLimits(bytes=limit)
    try:
        with open_zip(data, limits) as archive:
            source = read_member(archive, SOURCE, limits)
        if source is None:
            raise RefusedError("it holds no source")
        return decode_source(source)
    except RefusedError as error:
        raise LabError(
            f"{name} is no whole Monticello package: {error}",
            "delete the lock file to ask the server anew, leave the package out by `packages`, or raise "
            "`limits.max_bytes` if you trust it",
        ) from error


def _pin(source: Source, context: ReadContext, query: Query) -> list[Entry]:
    """Fetch the listing and every package once, so that their hashes are known."""
    journal = Journal(source, context, query)
    entries = []
    for version in newest_versions(_links(source, context), context):
        if not matches(version.package, source.packages, []):
            context.skipped["package not in `packages`"] += 1
            continue
        with context.part(version.package):
            known = journal.find(version.url)
            if known is None or find_stored(known["sha256"], context.cache) is None:
                known = journal.add(version.url, {"sha256": _store(version.url, context)})
            entries.append({"package": version.package, "url": version.url, "sha256": known["sha256"]})
    if not entries and not context.missing:
        raise LabError(f"source {source.name}: no package at {source.url} fits", "correct its `url` or `packages`")
    return entries


def _store(url: str, context: ReadContext) -> str:
    page = get_page(url, context.limits, max_bytes=context.limits.max_bytes, before=context.pace.wait)
    if page.status != 200:
        raise LabError(f"{url} answered with status {page.status}", "run again later, or set `allow_partial`")
    # Looked into before it is pinned: a download that was cut short must not become the truth.
    mcz_source(page.body, url, context.limits.max_bytes)
    digest = hash_bytes(page.body)
    with atomic_file(cache_path(digest, context.cache)) as temporary:
        Path(temporary).write_bytes(page.body)
    return digest


class _Links(HTMLParser):
    """The addresses that a page's <a> elements lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.closed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where an <a> leads."""
        if tag == "a":
            self.found += [value for key, value in attrs if key == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the page."""
        self.closed = self.closed or tag in ("html", "body")


def _links(source: Source, context: ReadContext) -> list[str]:
    page = get_page(source.url, context.limits, before=context.pace.wait)
    if page.status != 200:
        raise LabError(f"{source.url} answered with status {page.status}", "correct the source's `url`")
    parser = _Links()
    parser.feed(page.body.decode("utf-8", "replace"))
    if not parser.closed:
        # Half a listing would make an old version the newest.
        raise LabError(f"the listing at {source.url} was cut short", "run the command again")
    host = urlsplit(page.url).netloc
    links = [urljoin(page.url, link) for link in parser.found]
    packages = [link for link in links if urlsplit(link).path.endswith(".mcz")]
    inside = [link for link in packages if urlsplit(link).netloc == host]
    if len(inside) < len(packages):
        context.skipped["link to another host"] += len(packages) - len(inside)
    return inside
