"""A page, a listing or an archive in memory: capped, unpacked, retried."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2

from llmlab.artifacts.errors import LabError
from llmlab.corpus.exchange import TransientError, follow, persist, refuse_transient
from llmlab.corpus.limits import FetchLimits

_WINDOW = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a server answered, its body unpacked; `url` is the last address of a chain of redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def get_page(
    url: str,
    limits: FetchLimits,
    *,
    max_bytes: int | None = None,
    headers: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None,
    before: Callable[[str], None] | None = None,
) -> Page:
    """The answer to a GET request, whatever its status, unless the status says "not now" to the end.

    `max_bytes` takes the place of `limits.max_page_bytes`; for `secret` and `before` see `exchange.follow`.

    Raises:
        LabError: an address that is not public, no whole answer in all attempts, or one over the size limit.
    """
    limit = max_bytes if max_bytes is not None else limits.max_page_bytes
    deadline = time.monotonic() + limits.total_seconds

    def receive(response: httpx2.Response, final: str) -> Page:
        refuse_transient(response, final, limits)
        body = _unpack(_read(response, final, limit, deadline), response.headers, final, limit)
        return Page(url=final, status=response.status_code, headers=response.headers, body=body)

    wanted = {"Accept-Encoding": "identity", **(headers or {})}
    return persist(url, lambda: follow(url, wanted, limits, receive, secret=secret, before=before), limits)


def _read(response: httpx2.Response, url: str, limit: int, deadline: float) -> bytes:
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(url, limit)
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > limit:
            raise _too_large(url, limit)
        if time.monotonic() > deadline:
            raise LabError(f"{url} took too long", "run the command again, or raise `limits.total_seconds`")
    return bytes(body)


def _unpack(body: bytes, headers: Mapping[str, str], url: str, limit: int) -> bytes:
    """Undo a packing that the server chose although we asked for none; damaged or cut short is worth another try."""
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in _WINDOW:
        raise LabError(f"{url} is packed as {encoding}, which we did not ask for", "tell the server's owner")
    data = b""
    while body:  # gzip may come in several members
        unpacker = zlib.decompressobj(_WINDOW[encoding])
        try:
            # One byte more than allowed tells a bomb from a page that just fits.
            data += unpacker.decompress(body, limit + 1 - len(data))
        except zlib.error as error:
            raise TransientError(f"damaged {encoding} transfer: {error}") from error
        if len(data) > limit:
            raise _too_large(url, limit)
        if not unpacker.eof:
            raise TransientError(f"a {encoding} transfer that was cut short")
        body = unpacker.unused_data
    return data


def _too_large(url: str, limit: int) -> LabError:
    return LabError(
        f"{url} is larger than the limit of {limit:,} bytes", "raise the limits of that scrape section if you trust it"
    )
