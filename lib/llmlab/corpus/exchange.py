"""One request and its answer: addresses checked, redirects followed by hand, waiting as long as the server asks.

Downloads to disk (fetch.py) and pages in memory (web.py) both go through here, so that there is one place where a
connection is made. Proxy settings in the environment are not used, because a proxy would resolve names itself and
undo the check of addresses.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2
import tenacity

from llmlab.artifacts.errors import LabError
from llmlab.corpus.addresses import Target, check_url
from llmlab.corpus.limits import FetchLimits

T = TypeVar("T")

# What robots.txt files know us by stands first.
AGENT = "llm-lab corpus reader"
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_REDIRECT_STATUS = {301, 302, 303, 307, 308}


class TransientError(Exception):
    """Worth another attempt; `wait` is what the server asked for, in seconds."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def persist(url: str, attempt: Callable[[], T], limits: FetchLimits) -> T:
    """Call `attempt` until it raises no `TransientError`, or the limits are reached.

    Raises:
        LabError: every attempt failed, or the next one would come too late.
    """
    deadline = time.monotonic() + limits.total_seconds

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, TransientError) else None
        return asked if asked is not None else backoff(state.attempt_number, limits)

    def enough(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= limits.attempts or time.monotonic() + wait(state) > deadline

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=enough,
        wait=wait,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except TransientError as error:
        tries = retrying.statistics.get("attempt_number", limits.attempts)
        raise LabError(
            f"{url} could not be fetched in {tries} attempts: {error}",
            "run the command again later (what has arrived is kept), or name a mirror in LLMLAB_MIRROR",
        ) from error


def backoff(attempt: int, limits: FetchLimits) -> float:
    """Seconds to wait after attempt number `attempt` when the server does not say."""
    return min(limits.backoff_seconds * 2.0 ** (attempt - 1), limits.max_wait_seconds)


def follow(
    url: str,
    headers: Mapping[str, str],
    limits: FetchLimits,
    receive: Callable[[httpx2.Response, str], T],
    *,
    secret: Mapping[str, str] | None = None,
    before: Callable[[str], None] | None = None,
) -> T:
    """Send a GET request, follow redirects, and hand the final answer, still unread, to `receive` with its address.

    `secret` headers go to the host of `url` only, never to where it redirects. `before` is called with each address
    before it is asked (to wait, or to refuse).

    Raises:
        TransientError: no answer, a broken one, or a name that does not resolve now.
        LabError: an address that is not public, a redirect too many or away from https, or what `receive` finds.
    """
    url_now = url
    for _ in range(limits.max_redirects + 1):
        target = _check(url_now, limits)
        if before is not None:
            before(url_now)
        own = secret if secret is not None and _origin(url_now) == _origin(url) else {}
        # One client a request: no connection, no cookie and no address outlives a check.
        with _client(url_now, limits) as client:
            try:
                sent = request_to(client, target, {"User-Agent": AGENT, **headers, **own})
                with closing(client.send(sent, stream=True)) as response:
                    if response.status_code not in _REDIRECT_STATUS:
                        return receive(response, url_now)
                    url_now = _next_url(url_now, response.headers.get("Location", ""))
            except httpx2.TransportError as error:
                raise TransientError(f"{type(error).__name__}: {error}") from error
            except httpx2.InvalidURL as error:
                raise LabError(f"{url} leads to an address that is none: {error}", "correct `url`") from error
    raise LabError(f"{url} redirects more than {limits.max_redirects} times", "use its final address")


def _client(url: str, limits: FetchLimits) -> httpx2.Client:
    # Reading the certificates takes longer than many a request; without TLS there is nothing to verify.
    verify = httpx2.create_ssl_context() if urlsplit(url).scheme == "https" else False
    timeout = httpx2.Timeout(limits.read_seconds, connect=limits.connect_seconds)
    return httpx2.Client(trust_env=False, timeout=timeout, verify=verify)


def _next_url(url: str, location: str) -> str:
    try:
        following = urljoin(url, location)
        scheme = urlsplit(following).scheme
    except ValueError as error:
        raise LabError(f"{url} redirects to {location[:200]!r}: {error}", "use the source's new address") from error
    if urlsplit(url).scheme == "https" and scheme != "https":
        raise LabError(f"{url} redirects to {following}, without encryption", "use the source's new address")
    return following


def _check(url: str, limits: FetchLimits) -> Target:
    try:
        return check_url(url, limits.allow_private_hosts)
    except OSError as error:
        raise TransientError(f"{urlsplit(url).hostname} does not resolve: {error}") from error


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def request_to(client: httpx2.Client, target: Target, headers: Mapping[str, str]) -> httpx2.Request:
    """A request to the checked address itself; the certificate is still checked against the host's name."""
    url = httpx2.URL(target.url)
    pinned = url.copy_with(host=target.address)
    netloc = url.netloc.decode("ascii")
    extensions = {"sni_hostname": target.host} if url.scheme == "https" else {}
    return client.build_request("GET", pinned, headers={**headers, "Host": netloc}, extensions=extensions)


def refuse_transient(response: httpx2.Response, url: str, limits: FetchLimits) -> None:
    """Raise when the answer says "not now": a status that may pass, or a spent rate limit (which may be a 403).

    Raises:
        TransientError: with the time that the server asks for.
        LabError: it asks for more than `max_wait_seconds`.
    """
    asked = asked_wait(response.headers)
    limited = response.status_code == 403 and asked is not None
    if response.status_code not in _TRANSIENT_STATUS and not limited:
        return
    if asked is not None and asked > limits.max_wait_seconds:
        raise LabError(
            f"{url} asks us to come back in {asked:.0f} seconds (status {response.status_code})",
            "run the command again after that time, or raise `limits.max_wait_seconds`; what has arrived is kept",
        )
    raise TransientError(f"status {response.status_code}", asked)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks us to wait: Retry-After, else the reset time of a spent rate limit; else None."""
    asked = retry_after(headers.get("Retry-After", ""), _server_time(headers))
    if asked is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if headers.get("X-RateLimit-Remaining", "").strip() == "0" and reset.isdigit():
        # One second more: the reset time is cut to whole seconds.
        return max(0.0, float(reset) - _server_time(headers) + 1.0)
    return None


def retry_after(value: str, now: float) -> float | None:
    """Seconds from a Retry-After header, which holds a number or a date; None when it is absent or unreadable."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _server_time(headers: Mapping[str, str]) -> float:
    """Seconds since 1970 by the server's own clock, which its dates are told by; ours where it does not say."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        return time.time()
