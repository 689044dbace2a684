"""One file from the web, politely: found by hash before anything is asked for, capped, resumable, checked.

It does not know about robots.txt: it fetches single files that a person named, it never follows links. Proxy settings
in the environment are not used, because a proxy would resolve names itself and undo the check of addresses.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin, urlsplit

import httpx2
import tenacity
from pydantic import Field

from llmlab.artifacts.atomic import atomic_file, write_json
from llmlab.artifacts.errors import LabError, disk_full
from llmlab.artifacts.lock import exclusive
from llmlab.artifacts.manifest import hash_file
from llmlab.corpus.addresses import Target, check_url
from llmlab.corpus.mirror import cache_path, find_stored

__all__ = ["FetchLimits", "fetch", "find_stored"]

_AGENT = "llm-lab corpus fetcher (single files, pinned by hash)"
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_REDIRECT_STATUS = {301, 302, 303, 307, 308}
_PIECE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    """What a download may cost."""

    max_bytes: Annotated[int, Field(gt=0)] = 1 << 29
    """Largest file in bytes, downloaded or local, before and after unpacking."""
    connect_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Longest wait for a connection, in seconds."""
    read_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest silence of a server, in seconds."""
    total_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """Longest time in seconds for one file with all its attempts, and for one git fetch."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Attempts per file at what may pass: no answer, a broken connection, status 408, 425, 429, 500, 502, 503, 504."""
    backoff_seconds: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the second attempt, doubled before each further one; a server's Retry-After takes precedence."""
    max_wait_seconds: Annotated[float, Field(ge=0)] = 60.0
    """Longest pause between attempts, in seconds; a server that asks for more ends the download."""
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    """Redirects followed per attempt, the target of each checked."""
    allow_private_hosts: list[str] = field(default_factory=list)
    """Hosts taken without an address check; for tests only."""


class _TransientError(Exception):
    """Worth another attempt; `wait` is what the server asked for, in seconds."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def fetch(url: str, *, sha256: str, cache: Path, limits: FetchLimits) -> Path:
    """The file with that hash: from the mirror, the cache, or the network, in this order.

    The returned file has been checked against `sha256` now. An unfinished download stays beside it as `.part` and is
    resumed by the next call.

    Raises:
        LabError: a broken mirror, an address that is not public, a server that refuses or does not answer, content
            over a limit, or content that is not what the hash says.
    """
    stored = find_stored(sha256, cache)
    if stored is not None:
        return stored
    final = cache_path(sha256, cache)
    with exclusive(final.with_name(f"{sha256}.lock"), f"the download of {url}"):
        try:
            _Download(url, sha256, final, limits).run()
        except OSError as error:
            raise disk_full(final, error) or error from error
    return final


class _Download:
    """One download: its partial file, and how often it may try."""

    def __init__(self, url: str, sha256: str, final: Path, limits: FetchLimits) -> None:
        self.url, self.sha256, self.final, self.limits = url, sha256, final, limits
        self.part = final.with_name(f"{final.name}.part")
        self.facts = final.with_name(f"{final.name}.part.json")
        self.deadline = time.monotonic() + limits.total_seconds

    def run(self) -> None:
        """Try until the file is whole and right, or the limits are reached."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TransientError),
            stop=tenacity.stop_after_attempt(self.limits.attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except _TransientError as error:
            raise LabError(
                f"{self.url} could not be fetched in {self.limits.attempts} attempts: {error}",
                "run the command again later (what has arrived is kept), or name a mirror in LLMLAB_MIRROR",
            ) from error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _TransientError) else None
        return asked if asked is not None else self._backoff(state.attempt_number)

    def _backoff(self, attempt: int) -> float:
        return min(self.limits.backoff_seconds * 2 ** (attempt - 1), self.limits.max_wait_seconds)

    def _attempt(self) -> None:
        have = self.part.stat().st_size if self.part.exists() else 0
        facts = self._read_facts()
        if have and not facts.get("validator"):
            # Nothing to tell with whether the rest would belong to the same content.
            self.forget()
            have = 0
        # One client an attempt: no connection, and no address, outlives a check.
        with httpx2.Client(trust_env=False, timeout=self._timeout(), verify=httpx2.create_ssl_context()) as client:
            try:
                self._follow(client, have, facts)
            except httpx2.TransportError as error:
                raise _TransientError(f"{type(error).__name__}: {error}") from error
            except httpx2.InvalidURL as error:
                raise LabError(f"{self.url} leads to an address that is none: {error}", "correct `url`") from error
        self._settle(resumed=have > 0)

    def _timeout(self) -> httpx2.Timeout:
        return httpx2.Timeout(self.limits.read_seconds, connect=self.limits.connect_seconds)

    def _follow(self, client: httpx2.Client, have: int, facts: Mapping[str, str]) -> None:
        """Send the request, follow redirects by hand so that each target is checked, and store the body."""
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": facts["validator"]}
        url = self.url
        for _ in range(self.limits.max_redirects + 1):
            request = _request(client, self._check(url), headers)
            response = client.send(request, stream=True)
            try:
                if response.status_code not in _REDIRECT_STATUS:
                    self._store(response, have)
                    return
                following = urljoin(url, response.headers.get("Location", ""))
            finally:
                response.close()
            if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
                raise LabError(f"{url} redirects to {following}, without encryption", "use the source's new address")
            url = following
        raise LabError(f"{self.url} redirects more than {self.limits.max_redirects} times", "use its final address")

    def _check(self, url: str) -> Target:
        try:
            return check_url(url, self.limits.allow_private_hosts)
        except OSError as error:
            raise _TransientError(f"{urlsplit(url).hostname} does not resolve: {error}") from error

    def _store(self, response: httpx2.Response, have: int) -> None:
        if response.status_code in _TRANSIENT_STATUS:
            raise _TransientError(f"status {response.status_code}", self._asked_wait(response))
        if response.status_code == 416 and have:
            # Our part is as long as the content, or longer; the hash decides.
            return
        if response.status_code not in (200, 206):
            raise LabError(f"{self.url} answered with status {response.status_code}", "check the source's `url`")
        start = _range_start(response) if response.status_code == 206 else 0
        if start not in (0, have):
            self.forget()
            raise _TransientError(f"asked for bytes from {have}, got them from {start}")
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and start + int(length) > self.limits.max_bytes:
            raise self._too_large(f"{start + int(length):,} bytes")
        self._write_facts(response)
        self._append(response, start)

    def _append(self, response: httpx2.Response, start: int) -> None:
        """Write raw bytes, undecoded, so that a partial file can be resumed and a bomb stays packed."""
        size = start
        with self.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            # No chunk size: with one, what has arrived of a chunk is lost when the connection breaks.
            for piece in response.iter_raw():
                size += len(piece)
                if size > self.limits.max_bytes:
                    raise self._too_large("more bytes than that")
                if time.monotonic() > self.deadline:
                    raise LabError(
                        f"{self.url} took more than {self.limits.total_seconds:g} seconds",
                        "run the command again: it goes on where it stopped",
                    )
                file.write(piece)
            file.truncate()

    def _settle(self, *, resumed: bool) -> None:
        """Give the partial file its name if it is the right content, unpacking it if the server packed it."""
        encoding = self._read_facts().get("encoding", "")
        if hash_file(self.part) == self.sha256:
            self.part.replace(self.final)
        elif encoding not in ("gzip", "x-gzip") or not self._unpack():
            found = hash_file(self.part)
            self.forget()
            if resumed:
                raise _TransientError("the parts of a resumed download do not fit together")
            packed = f", packed as {encoding}" if encoding else ""
            raise LabError(
                f"{self.url} has changed: its content{packed} has sha256 {found}, the entry says {self.sha256}",
                "look at the new content, and only if you trust it update `sha256`; or use a mirror that has the old",
            )
        self.forget()

    def _unpack(self) -> bool:
        """Unpack a gzip transfer into place; False when its content is damaged or not the right one."""
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        digest, size = hashlib.sha256(), 0
        try:
            with self.part.open("rb") as packed, atomic_file(self.final) as temporary, temporary.open("wb") as file:
                while piece := unpacker.unconsumed_tail or packed.read(_PIECE):
                    data = unpacker.decompress(piece, _PIECE)
                    size += len(data)
                    if size > self.limits.max_bytes:
                        raise self._too_large("unpacked, more bytes than that")
                    digest.update(data)
                    file.write(data)
                if digest.hexdigest() != self.sha256:
                    raise zlib.error("another content")
        except zlib.error:
            return False
        return True

    def _too_large(self, what: str) -> LabError:
        self.forget()
        return LabError(
            f"{self.url} is larger than the limit of {self.limits.max_bytes:,} bytes ({what})",
            "raise `limits.max_bytes` of that scrape section if you trust the source",
        )

    def _asked_wait(self, response: httpx2.Response) -> float | None:
        asked = _retry_after(response.headers.get("Retry-After", ""))
        if asked is not None and asked > self.limits.max_wait_seconds:
            raise LabError(
                f"{self.url} asks us to come back in {asked:.0f} seconds (status {response.status_code})",
                "run the command again after that time",
            )
        return asked

    def _read_facts(self) -> dict[str, str]:
        try:
            facts = json.loads(self.facts.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError, UnicodeDecodeError):
            return {}
        return facts if isinstance(facts, dict) and facts.get("url") == self.url else {}

    def _write_facts(self, response: httpx2.Response) -> None:
        headers = response.headers
        # Only a strong tag or a date may stand in If-Range (RFC 9110, 13.1.5).
        tag = headers.get("ETag", "")
        validator = tag if tag.startswith('"') else headers.get("Last-Modified", "")
        encoding = headers.get("Content-Encoding", "").strip().lower()
        write_json(self.facts, {"url": self.url, "validator": validator, "encoding": encoding})

    def forget(self) -> None:
        """Drop the partial file and what is known of it."""
        self.part.unlink(missing_ok=True)
        self.facts.unlink(missing_ok=True)


def _request(client: httpx2.Client, target: Target, headers: Mapping[str, str]) -> httpx2.Request:
    """A request to the checked address itself; the certificate is still checked against the host's name."""
    url = httpx2.URL(target.url)
    pinned = url.copy_with(host=target.address)
    netloc = url.netloc.decode("ascii")
    extensions = {"sni_hostname": target.host} if url.scheme == "https" else {}
    return client.build_request("GET", pinned, headers={**headers, "Host": netloc}, extensions=extensions)


def _range_start(response: httpx2.Response) -> int:
    """First byte of a partial answer, from `Content-Range: bytes 5-9/10`; -1 when it does not say."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else -1


def _retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which holds a number or a date; None when it is absent or unreadable."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
