import ssl
import time
from collections.abc import Callable
from email.utils import formatdate

import httpx2
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus import exchange
from llmlab.corpus.addresses import Target
from llmlab.corpus.exchange import TransientError, asked_wait, backoff, follow, persist, refuse_transient, retry_after
from llmlab.corpus.limits import FetchLimits

LIMITS = FetchLimits(
    attempts=3, backoff_seconds=0, read_seconds=5, allow_private_hosts=["localhost", "other.localhost"]
)


def status(response: httpx2.Response, _url: str) -> int:
    return response.status_code


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("120", 0) == 120
    assert retry_after(formatdate(1_000_030, usegmt=True), 1_000_000) == 30
    assert retry_after(formatdate(1_000_000, usegmt=True), 1_000_030) == 0
    assert retry_after("soon", 0) is None
    assert retry_after("", 0) is None


def test_a_reset_time_is_told_by_the_server_s_own_clock() -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000030", "Date": formatdate(1_000_000, usegmt=True)}
    assert asked_wait(spent) == 31
    assert asked_wait({**spent, "Retry-After": "7"}) == 7
    assert asked_wait({**spent, "X-RateLimit-Remaining": "3"}) is None
    ours = {key: value for key, value in spent.items() if key != "Date"}
    assert asked_wait({**ours, "X-RateLimit-Reset": str(int(time.time()) + 30)}) == pytest.approx(31, abs=2)


def test_backoff_grows_and_is_bounded() -> None:
    limits = FetchLimits(backoff_seconds=1, max_wait_seconds=5)
    assert [backoff(attempt, limits) for attempt in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(
    ("code", "headers", "raised"),
    [
        (200, {}, None),
        (404, {}, None),
        (403, {}, None),
        (403, {"Retry-After": "2"}, 2.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5", "Date": formatdate(0, usegmt=True)}, 6.0),
        (429, {}, "at once"),
        (503, {"Retry-After": "9"}, 9.0),
    ],
)
def test_what_may_pass_is_told_from_what_will_not(code: int, headers: dict[str, str], raised: object) -> None:
    response = httpx2.Response(code, headers=headers)
    if raised is None:
        refuse_transient(response, "u", LIMITS)
        return
    with pytest.raises(TransientError) as caught:
        refuse_transient(response, "u", LIMITS)
    assert caught.value.wait == (raised if isinstance(raised, float) else None)


def test_a_wait_that_is_too_long_ends_it() -> None:
    with pytest.raises(LabError, match="come back in 61 seconds"):
        refuse_transient(httpx2.Response(403, headers={"Retry-After": "61"}), "u", LIMITS)


def test_attempts_end_by_number_and_by_time() -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise TransientError("no")

    with pytest.raises(LabError, match="in 3 attempts: no"):
        persist("u", fail, LIMITS)
    assert len(tries) == 3

    def wait_long() -> None:
        raise TransientError("no", wait=50.0)

    started = time.monotonic()
    with pytest.raises(LabError, match="in 1 attempts"):
        persist("u", wait_long, FetchLimits(total_seconds=10))
    assert time.monotonic() - started < 5


def test_a_secret_stays_with_its_host(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str | None] = {}

    def answer(location: str | None) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            seen[f"{request.host.split(':')[0]}{request.path}"] = request.headers.get("Authorization")
            return Response("", status=302 if location else 200, headers={"Location": location} if location else {})

        return respond

    here, there = httpserver.url_for(""), f"http://other.localhost:{httpserver.port}"
    httpserver.expect_request("/a").respond_with_handler(answer(f"{here}/b"))
    httpserver.expect_request("/b").respond_with_handler(answer(f"{there}/c"))
    httpserver.expect_request("/c").respond_with_handler(answer(None))
    monkeypatch.setattr(exchange, "check_url", lambda url, _: Target(url=url, host="localhost", address="127.0.0.1"))
    assert follow(f"{here}/a", {}, LIMITS, status, secret={"Authorization": "Bearer x"}) == 200
    assert seen == {"localhost/a": "Bearer x", "localhost/b": "Bearer x", "other.localhost/c": None}


def test_each_address_is_announced_before_it_is_asked(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data("", status=302, headers={"Location": "/b"})
    httpserver.expect_request("/b").respond_with_data("b")
    asked: list[str] = []
    assert follow(httpserver.url_for("/a"), {}, LIMITS, status, before=asked.append) == 200
    assert asked == [httpserver.url_for("/a"), httpserver.url_for("/b")]


def test_a_request_goes_to_an_ipv6_address_in_brackets() -> None:
    target = Target(url="https://x.example:8443/a?b", host="x.example", address="2606:4700::1")
    with httpx2.Client() as client:
        request = exchange.request_to(client, target, {})
    assert str(request.url) == "https://[2606:4700::1]:8443/a?b"
    assert request.headers["Host"] == "x.example:8443"
    assert request.extensions["sni_hostname"] == "x.example"


def test_https_never_falls_back_to_http() -> None:
    assert exchange._next_url("https://8.8.8.8/x", "/y") == "https://8.8.8.8/y"
    assert exchange._next_url("http://8.8.8.8/x", "https://8.8.8.8/y") == "https://8.8.8.8/y"
    with pytest.raises(LabError, match="without encryption"):
        exchange._next_url("https://8.8.8.8/x", "http://8.8.8.8/x")
    with pytest.raises(LabError, match="Invalid IPv6"):
        exchange._next_url("http://8.8.8.8/x", "http://[::1")


def test_certificates_are_checked_wherever_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class Client:
        def __init__(self, **named: object) -> None:
            given.append(named["verify"])

    monkeypatch.setattr(httpx2, "Client", Client)
    exchange._client("http://x.example/", LIMITS)
    exchange._client("https://x.example/", LIMITS)
    assert given[0] is False
    assert isinstance(given[1], ssl.SSLContext)
    assert given[1].verify_mode is ssl.CERT_REQUIRED
