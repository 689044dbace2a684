import gzip
import zlib
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.web import get_page

LIMITS = FetchLimits(attempts=2, backoff_seconds=0, read_seconds=2, allow_private_hosts=["localhost"])
TEXT = b"<p>Hello</p>" * 500


def packed_gzip(data: bytes) -> bytes:
    """Without the time, which would give the same test another name in every process."""
    return gzip.compress(data, mtime=0)


def serve(server: HTTPServer, body: bytes, encoding: str = "") -> str:
    headers = {"Content-Encoding": encoding} if encoding else {}
    server.expect_request("/x").respond_with_handler(lambda _: Response(body, headers=headers))
    return server.url_for("/x")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", packed_gzip(TEXT)),
        ("gzip", packed_gzip(TEXT[:600]) + packed_gzip(TEXT[600:])),
        ("deflate", zlib.compress(TEXT)),
    ],
)
def test_a_body_is_unpacked(encoding: str, packed: bytes, httpserver: HTTPServer) -> None:
    page = get_page(serve(httpserver, packed, encoding), LIMITS)
    assert (page.status, page.body) == (200, TEXT)


@pytest.mark.parametrize(
    ("encoding", "packed", "said"),
    [
        ("gzip", packed_gzip(TEXT)[:-9], "cut short"),
        ("gzip", TEXT, "damaged"),
        ("gzip", packed_gzip(bytes(10_000_000)), "larger than the limit"),
        ("gzip", packed_gzip(b"x" * 10) + b"garbage", "damaged"),
        ("br", TEXT, "did not ask for"),
    ],
)
def test_a_body_that_cannot_be_trusted_is_refused(
    encoding: str, packed: bytes, said: str, httpserver: HTTPServer
) -> None:
    with pytest.raises(LabError, match=said):
        get_page(serve(httpserver, packed, encoding), replace(LIMITS, max_page_bytes=100_000))


def test_the_limit_is_exact(httpserver: HTTPServer) -> None:
    url = serve(httpserver, packed_gzip(TEXT), "gzip")
    assert get_page(url, LIMITS, max_bytes=len(TEXT)).body == TEXT
    with pytest.raises(LabError, match="larger"):
        get_page(url, LIMITS, max_bytes=len(TEXT) - 1)


def test_other_statuses_come_back_with_their_page(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data("gone", status=410)
    assert get_page(httpserver.url_for("/x"), LIMITS).status == 410


def test_the_last_address_of_a_redirect_is_told(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data("", status=301, headers={"Location": "/x"})
    url = serve(httpserver, TEXT)
    assert get_page(httpserver.url_for("/a"), LIMITS).url == url
