import gzip
import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus.fetch import fetch
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.mirror import cache_path

BODY = bytes(range(256)) * 400
SHA = hashlib.sha256(BODY).hexdigest()
LIMITS = FetchLimits(
    attempts=3, backoff_seconds=0.01, read_seconds=5, total_seconds=20, allow_private_hosts=["localhost"]
)


class Shop:
    """Answers each request with the next of a list of handlers, and remembers the requests."""

    def __init__(self, server: HTTPServer, *handlers: Callable[[Request], Response]) -> None:
        self.handlers = list(handlers)
        self.requests: list[Request] = []
        server.expect_request("/file").respond_with_handler(self)
        self.url = server.url_for("/file")

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self.handlers[min(len(self.requests), len(self.handlers)) - 1](request)


def whole(_request: Request) -> Response:
    return Response(BODY)


def status(code: int, **headers: str) -> Callable[[Request], Response]:
    return lambda _request: Response(b"busy", status=code, headers={k.replace("_", "-"): v for k, v in headers.items()})


def truncated(**headers: str) -> Callable[[Request], Response]:
    """Promises the whole body, sends two fifths of it and closes."""
    return lambda _request: Response(iter([BODY[:40_000]]), headers={"Content-Length": str(len(BODY)), **headers})


def rest(request: Request) -> Response:
    """Honours Range."""
    match = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"])
    assert match
    start = int(match[1])
    where = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
    return Response(BODY[start:], status=206, headers={"Content-Range": where, "ETag": '"v1"'})


def get(url: str, cache: Path, sha256: str = SHA, limits: FetchLimits = LIMITS) -> bytes:
    path = fetch(url, sha256=sha256, cache=cache, limits=limits)
    assert path == cache_path(sha256, cache)
    return path.read_bytes()


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and not path.name.endswith(".lock"))


def test_fetched_once_then_found_by_hash(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, whole)
    assert get(shop.url, tmp_path) == BODY
    assert get(shop.url, tmp_path) == BODY
    assert get("http://nowhere.invalid/other-name", tmp_path) == BODY
    assert len(shop.requests) == 1
    assert leftovers(tmp_path) == [SHA]
    assert shop.requests[0].headers["Accept-Encoding"] == "identity"


def test_the_mirror_comes_first(
    httpserver: HTTPServer,
    tmp_path: Path,
    make_mirror: Callable[[dict[str, bytes]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(httpserver, whole)
    folder = make_mirror({"elsewhere.bin": BODY})
    monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
    path = fetch(shop.url, sha256=SHA, cache=tmp_path / "cache", limits=LIMITS)
    assert path == folder / "elsewhere.bin"
    assert shop.requests == []


def test_429_waits_as_long_as_asked(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, status(429, Retry_After="1"), whole)
    started = time.monotonic()
    assert get(shop.url, tmp_path) == BODY
    assert time.monotonic() - started >= 1
    assert len(shop.requests) == 2


def test_a_wait_longer_than_ours_is_reported(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, status(503, Retry_After="3600"))
    with pytest.raises(LabError, match="come back in 3600 seconds"):
        get(shop.url, tmp_path)
    assert len(shop.requests) == 1


def test_503_is_tried_again_and_given_up_in_the_end(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, status(503), status(503), whole)
    assert get(shop.url, tmp_path / "a") == BODY
    httpserver.clear_all_handlers()
    shop = Shop(httpserver, status(503))
    with pytest.raises(LabError, match="3 attempts: status 503"):
        get(shop.url, tmp_path / "b")
    assert len(shop.requests) == 3


def test_404_is_not_tried_again(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, status(404))
    with pytest.raises(LabError, match="status 404"):
        get(shop.url, tmp_path)
    assert len(shop.requests) == 1


def test_a_truncated_body_is_resumed(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, truncated(ETag='"v1"'), rest)
    assert get(shop.url, tmp_path) == BODY
    second = shop.requests[1]
    assert second.headers["Range"] == "bytes=40000-"
    assert second.headers["If-Range"] == '"v1"'
    assert leftovers(tmp_path) == [SHA]


def test_a_later_run_goes_on_where_the_last_stopped(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, truncated(**{"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}), rest)
    with pytest.raises(LabError, match="1 attempts"):
        get(shop.url, tmp_path, limits=replace(LIMITS, attempts=1))
    assert f"{SHA}.part" in leftovers(tmp_path)
    assert not cache_path(SHA, tmp_path).exists()
    assert get(shop.url, tmp_path) == BODY
    assert shop.requests[1].headers["If-Range"] == "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_strong_validator_the_download_starts_over(
    tag: str | None, httpserver: HTTPServer, tmp_path: Path
) -> None:
    shop = Shop(httpserver, truncated(**({"ETag": tag} if tag else {})), whole)
    assert get(shop.url, tmp_path) == BODY
    assert "Range" not in shop.requests[1].headers


def test_a_server_that_ignores_the_range_is_understood(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, truncated(ETag='"v1"'), whole)
    assert get(shop.url, tmp_path) == BODY
    assert "Range" in shop.requests[1].headers


def test_a_range_that_starts_elsewhere_is_not_glued_on(httpserver: HTTPServer, tmp_path: Path) -> None:
    def wrong(_request: Request) -> Response:
        return Response(BODY[50_000:], status=206, headers={"Content-Range": f"bytes 50000-{len(BODY) - 1}/*"})

    shop = Shop(httpserver, truncated(ETag='"v1"'), wrong, whole)
    assert get(shop.url, tmp_path) == BODY
    assert "Range" not in shop.requests[2].headers


def test_parts_of_two_contents_are_fetched_anew(httpserver: HTTPServer, tmp_path: Path) -> None:
    def other_rest(_request: Request) -> Response:
        data = b"x" * (len(BODY) - 40_000)
        return Response(data, status=206, headers={"Content-Range": f"bytes 40000-{len(BODY) - 1}/{len(BODY)}"})

    shop = Shop(httpserver, truncated(ETag='"v1"'), other_rest, whole)
    assert get(shop.url, tmp_path) == BODY


def test_a_length_that_is_too_small_is_caught_by_the_hash(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, lambda _request: Response(BODY[:1000], headers={"Content-Length": "1000"}))
    with pytest.raises(LabError, match="has changed"):
        get(shop.url, tmp_path)
    assert leftovers(tmp_path) == []


def test_changed_content_is_refused_and_named(httpserver: HTTPServer, tmp_path: Path) -> None:
    other = b"something else"
    shop = Shop(httpserver, lambda _request: Response(other))
    with pytest.raises(LabError) as caught:
        get(shop.url, tmp_path)
    assert hashlib.sha256(other).hexdigest() in str(caught.value)
    assert SHA in str(caught.value)
    assert leftovers(tmp_path) == []
    assert len(shop.requests) == 1


def test_redirects_are_followed_but_not_forever(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, whole)
    httpserver.expect_request("/old").respond_with_data("", status=302, headers={"Location": "/file"})
    assert get(httpserver.url_for("/old"), tmp_path) == BODY
    assert len(shop.requests) == 1
    httpserver.expect_request("/loop").respond_with_data("", status=301, headers={"Location": "/loop"})
    with pytest.raises(LabError, match="more than 5 times"):
        get(httpserver.url_for("/loop"), tmp_path / "b")


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/x", "http://127.0.0.1:{port}/file", "http://[::1]/x", "file:///etc/passwd"]
)
def test_a_redirect_to_a_private_address_is_refused(location: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, whole)
    headers = {"Location": location.format(port=httpserver.port)}
    httpserver.expect_request("/go").respond_with_data("", status=302, headers=headers)
    with pytest.raises(LabError, match=r"public address|not an http"):
        get(httpserver.url_for("/go"), tmp_path)
    assert shop.requests == []


def test_a_redirect_to_nonsense_is_refused(httpserver: HTTPServer, tmp_path: Path) -> None:
    headers = {"Location": "http://localhost/" + "x" * 70_000}
    httpserver.expect_request("/go").respond_with_data("", status=302, headers=headers)
    with pytest.raises(LabError):
        get(httpserver.url_for("/go"), tmp_path, limits=replace(LIMITS, attempts=1))


def test_private_addresses_are_refused_without_the_test_parameter(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, whole)
    with pytest.raises(LabError, match="not a public address"):
        get(shop.url, tmp_path, limits=FetchLimits())
    assert shop.requests == []


def test_the_connection_goes_to_the_address_that_was_checked(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name whose second answer differs (DNS rebinding): there is no second question."""
    shop = Shop(httpserver, whole)
    real, asked = socket.getaddrinfo, []

    def resolve(host: str, *rest: object, **named: object) -> object:
        if host != "rebinding.example":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, httpserver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    limits = replace(LIMITS, allow_private_hosts=["rebinding.example"])
    assert get(f"http://rebinding.example:{httpserver.port}/file", tmp_path, limits=limits) == BODY
    assert asked == ["rebinding.example"]
    assert shop.requests[0].headers["Host"] == f"rebinding.example:{httpserver.port}"


def test_a_name_that_does_not_resolve_is_tried_again_then_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def resolve(host: str, *_rest: object, **_named: object) -> object:
        asked.append(host)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(LabError, match=r"nowhere\.example does not resolve"):
        get("http://nowhere.example/x", tmp_path)
    assert len(asked) == 3


def test_a_gzip_transfer_is_unpacked_and_checked(httpserver: HTTPServer, tmp_path: Path) -> None:
    packed = gzip.compress(BODY)
    shop = Shop(httpserver, lambda _request: Response(packed, headers={"Content-Encoding": "gzip"}))
    assert get(shop.url, tmp_path / "a") == BODY
    # A .gz file that the server also labels as a transfer encoding: the hash is that of the packed bytes.
    assert get(shop.url, tmp_path / "b", sha256=hashlib.sha256(packed).hexdigest()) == packed
    assert leftovers(tmp_path / "a") == [SHA]


def test_a_gzip_bomb_is_stopped_by_the_size_limit(httpserver: HTTPServer, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    shop = Shop(httpserver, lambda _request: Response(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(LabError, match="larger than the limit"):
        get(shop.url, tmp_path, limits=replace(LIMITS, max_bytes=1_000_000))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_encoding_that_cannot_be_undone_is_refused(encoding: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, lambda _request: Response(b"garbage", headers={"Content-Encoding": encoding}))
    with pytest.raises(LabError, match=f"packed as {encoding}"):
        get(shop.url, tmp_path)


def test_the_size_limit_holds_with_and_without_a_length(httpserver: HTTPServer, tmp_path: Path) -> None:
    small = replace(LIMITS, max_bytes=10_000)
    shop = Shop(httpserver, whole)
    with pytest.raises(LabError, match=r"limit of 10,000 bytes"):
        get(shop.url, tmp_path, limits=small)

    def stream() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    httpserver.clear_all_handlers()
    shop = Shop(httpserver, lambda _request: Response(stream()))
    with pytest.raises(LabError, match=r"limit of 10,000 bytes"):
        get(shop.url, tmp_path, limits=small)
    assert leftovers(tmp_path) == []


def test_a_server_that_hangs_is_left(httpserver: HTTPServer, tmp_path: Path) -> None:
    def hang(_request: Request) -> Response:
        time.sleep(0.6)
        return Response(BODY)

    shop = Shop(httpserver, hang)
    with pytest.raises(LabError, match="ReadTimeout"):
        get(shop.url, tmp_path, limits=replace(LIMITS, attempts=2, read_seconds=0.2))


def test_a_server_that_drips_is_left(httpserver: HTTPServer, tmp_path: Path) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(40):
            time.sleep(0.05)
            yield b"x" * 70_000

    shop = Shop(httpserver, lambda _request: Response(drip()))
    with pytest.raises(LabError, match="took more than"):
        get(shop.url, tmp_path, limits=replace(LIMITS, total_seconds=0.3))


def test_a_part_of_another_address_is_not_continued(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, truncated(ETag='"v1"'))
    with pytest.raises(LabError):
        get(shop.url, tmp_path, limits=replace(LIMITS, attempts=1))
    seen: list[Request] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request)
        return Response(BODY)

    httpserver.expect_request("/elsewhere").respond_with_handler(elsewhere)
    assert get(httpserver.url_for("/elsewhere"), tmp_path) == BODY
    assert "Range" not in seen[0].headers
