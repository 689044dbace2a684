"""What a site allows: robots.txt as RFC 9309 reads it, through a parser that is kept for crawlers (Protego).

No file (status 4xx) allows everything. A file that cannot be had (5xx, no answer) allows nothing, because nobody knows
what it forbids. Of a long file the first 500 KiB count.
"""

from urllib.parse import urlsplit

from protego import Protego

from llmlab.artifacts.errors import LabError
from llmlab.corpus.exchange import AGENT
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.pace import Pace
from llmlab.corpus.web import get_page

# The first word of the agent is its product token, which the groups of a robots.txt name.
_TOKEN = AGENT.split()[0]
_PARSED_BYTES = 500 * 1024


class DisallowedError(LabError):
    """A robots.txt forbids the address; it has not been asked for."""


class Robots:
    """The rules of each site that was asked so far; asked once a run."""

    def __init__(self, limits: FetchLimits, pace: Pace) -> None:
        self._limits, self._pace = limits, pace
        self._rules: dict[str, Protego] = {}

    def allowed(self, url: str) -> bool:
        """Whether the site's robots.txt lets us ask for `url`.

        Raises:
            LabError: its robots.txt cannot be had.
        """
        return bool(self._of(url).can_fetch(url, _TOKEN))

    def sitemaps(self, url: str) -> list[str]:
        """The sitemaps that the site's robots.txt names."""
        return list(self._of(url).sitemaps)

    def before(self, url: str) -> None:
        """Refuse what is forbidden, else wait as long as the site and our own pace ask (for `follow`).

        Raises:
            DisallowedError: forbidden.
            LabError: the site wants a longer pause between requests than we are willing to make.
        """
        if not self.allowed(url):
            raise DisallowedError(f"{url} is disallowed by the site's robots.txt", "leave it out, or ask the owner")
        delay = self.delay(url)
        if delay > self._limits.max_wait_seconds:
            raise LabError(
                f"{_root(url)}/robots.txt asks for {delay:g} seconds between requests",
                "raise `limits.max_wait_seconds` of that scrape section, or leave the site out",
            )
        self._pace.wait(url, delay)

    def delay(self, url: str) -> float:
        """Seconds between two requests that the site asks for, by Crawl-delay or Request-rate; 0 when it does not."""
        rules = self._of(url)
        rate = rules.request_rate(_TOKEN)
        by_rate = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
        return max(float(rules.crawl_delay(_TOKEN) or 0.0), by_rate)

    def _of(self, url: str) -> Protego:
        root = _root(url)
        if root not in self._rules:
            self._rules[root] = self._read(f"{root}/robots.txt")
        return self._rules[root]

    def _read(self, url: str) -> Protego:
        page = get_page(url, self._limits, before=self._pace.wait)
        if 400 <= page.status < 500:
            return Protego.parse("")
        if page.status != 200:
            raise LabError(
                f"{url} answered with status {page.status}, so nothing of the site is asked for", "try later"
            )
        body = page.body
        if len(body) > _PARSED_BYTES:
            body = body[: body.rfind(b"\n", 0, _PARSED_BYTES) + 1]
        return Protego.parse(body.decode("utf-8-sig", "replace"))


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
