import pytest
from pytest_httpserver import HTTPServer

from llmlab.artifacts.errors import LabError
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.pace import Pace
from llmlab.corpus.robots import DisallowedError, Robots

LIMITS = FetchLimits(attempts=1, backoff_seconds=0, read_seconds=2, allow_private_hosts=["localhost"])
RULES = """
User-agent: *
Disallow: /

User-agent: other
User-agent: LLM-Lab
Disallow: /private/
Allow: /private/open
Disallow: /*.php$
Disallow: /search?*q=
Disallow: /caf%C3%A9
Crawl-delay: 3
Sitemap: https://example.org/map.xml
"""


def robots(server: HTTPServer, text: str = RULES, status: int = 200) -> Robots:
    server.expect_request("/robots.txt").respond_with_data(text, status=status)
    return Robots(LIMITS, Pace())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private", True),
        ("/private/", False),
        ("/private/a", False),
        ("/private/open", True),
        ("/private/open/more", True),
        ("/x.php", False),
        ("/x.php5", True),
        ("/search?a=1&q=2", False),
        ("/search", True),
        ("/café", False),
        ("/caf%c3%a9", False),
        ("/Private/a", True),
    ],
)
def test_our_group_counts_and_not_the_star(path: str, allowed: bool, httpserver: HTTPServer) -> None:
    """Expectations are RFC 9309's: most specific group, longest match, `*` and `$`, percent-encoding."""
    assert robots(httpserver).allowed(httpserver.url_for("/")[:-1] + path) is allowed


def test_the_file_is_read_once(httpserver: HTTPServer) -> None:
    rules = robots(httpserver)
    for path in ("/a", "/b"):
        assert rules.allowed(httpserver.url_for(path))
    assert rules.sitemaps(httpserver.url_for("/a")) == ["https://example.org/map.xml"]
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt"]


@pytest.mark.parametrize("status", [404, 403, 410])
def test_without_a_file_everything_is_allowed(status: int, httpserver: HTTPServer) -> None:
    assert robots(httpserver, "User-agent: *\nDisallow: /", status).allowed(httpserver.url_for("/a"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_file_that_cannot_be_had_allows_nothing(status: int, httpserver: HTTPServer) -> None:
    with pytest.raises(LabError):
        robots(httpserver, "", status).allowed(httpserver.url_for("/a"))


def test_before_refuses_and_waits(httpserver: HTTPServer) -> None:
    slept: list[float] = []
    httpserver.expect_request("/robots.txt").respond_with_data(RULES)
    rules = Robots(LIMITS, Pace(0, lambda: 0.0, slept.append))
    with pytest.raises(DisallowedError, match="disallowed"):
        rules.before(httpserver.url_for("/private/a"))
    rules.before(httpserver.url_for("/a"))
    rules.before(httpserver.url_for("/b"))
    assert slept == [3.0]


def test_a_rate_is_a_delay_and_an_endless_one_is_refused(httpserver: HTTPServer) -> None:
    text = "User-agent: *\nRequest-rate: 1/10\n"
    assert robots(httpserver, text).delay(httpserver.url_for("/a")) == 10
    httpserver.clear_all_handlers()
    rules = robots(httpserver, "User-agent: *\nCrawl-delay: 3600\n")
    with pytest.raises(LabError, match="3600 seconds"):
        rules.before(httpserver.url_for("/a"))


def test_of_a_long_file_the_first_part_counts(httpserver: HTTPServer) -> None:
    text = "User-agent: *\nDisallow: /first\n" + "# filler\n" * 60_000 + "Disallow: /last\n"
    rules = robots(httpserver, text)
    assert not rules.allowed(httpserver.url_for("/first"))
    assert rules.allowed(httpserver.url_for("/last"))


def test_bytes_that_are_no_text_do_not_break_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(
        b"\xef\xbb\xbfUser-agent: *\n\xff\xfe\x00\nDisallow: /a\n"
    )
    rules = Robots(LIMITS, Pace())
    assert not rules.allowed(httpserver.url_for("/a"))
    assert rules.allowed(httpserver.url_for("/b"))
