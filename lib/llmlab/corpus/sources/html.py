"""An HTML page to its text: what a person came to read, without menus, through Trafilatura (Barbaresi, ACL 2021)."""

import re

import trafilatura

from llmlab.artifacts.errors import LabError
from llmlab.corpus.web import Page

_TYPE = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\s*(?:;|$)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_END = re.compile(rb"</\s*(?:html|body)\s*>", re.IGNORECASE)
_KEEP_OUT = re.compile(r"\b(?:none|noindex|noai)\b", re.IGNORECASE)
_META_ROBOTS = re.compile(r"<meta\s[^>]*name\s*=\s*[\"']?robots[\"'\s][^>]*>", re.IGNORECASE)


class UnusablePage(Exception):  # noqa: N818 - a reason, not an error
    """Why a page is left out, in the words of the count."""


def page_text(page: Page) -> str:
    """The text of a page's main part, paragraphs on lines of their own.

    Raises:
        UnusablePage: gone, no HTML, closed to readers like us, not in the encoding it claims, or empty.
        LabError: refused by the server, or cut short: what another day may mend.
    """
    if page.status in (404, 410):
        raise UnusablePage("page that is gone")
    if page.status != 200:
        raise LabError(f"{page.url} answered with status {page.status}", "leave it out by `exclude`, or try later")
    if not _TYPE.match(page.headers.get("Content-Type", "")):
        raise UnusablePage("page that is no HTML")
    # The end tags may be left out by the standard, and are by nobody; without them we cannot tell half a page.
    if not _END.search(page.body):
        raise LabError(f"{page.url} was cut short: it has no end tag", "run again, or leave it out by `exclude`")
    html = _decode(page)
    tags = " ".join(_META_ROBOTS.findall(html))
    if _KEEP_OUT.search(f"{page.headers.get('X-Robots-Tag', '')} {tags}"):
        raise UnusablePage("page that asks not to be indexed")
    text = trafilatura.extract(html, include_comments=False, include_tables=True, deduplicate=False)
    if not text or not text.strip():
        raise UnusablePage("page without text")
    return text.strip() + "\n"


def _decode(page: Page) -> str:
    """UTF-8 if it is, for no other text of any length passes as it by chance; else what the page declares, strictly."""
    try:
        return page.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    head = page.headers.get("Content-Type", "") + " " + page.body[:2048].decode("ascii", "replace")
    declared = _CHARSET.search(head)
    try:
        if declared is None:
            raise UnusablePage("page of unknown encoding")
        return page.body.decode(declared[1])
    except (LookupError, UnicodeDecodeError) as error:
        raise UnusablePage("page that is not in the encoding it declares") from error
