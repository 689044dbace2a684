"""One file from the web, politely: found by hash before anything is asked for, capped, resumable, checked.

It fetches single files that a person named and never follows links; who wants robots.txt asked all the same says so
through `before` (robots.py).
"""

import hashlib
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx2

from llmlab.artifacts.atomic import atomic_file, write_json
from llmlab.artifacts.errors import LabError, disk_full
from llmlab.artifacts.lock import exclusive
from llmlab.artifacts.manifest import hash_file
from llmlab.corpus.exchange import TransientError, follow, persist, refuse_transient
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.mirror import cache_path, find_stored

_PIECE = 1 << 16


def fetch(
    url: str, *, sha256: str, cache: Path, limits: FetchLimits, before: Callable[[str], None] | None = None
) -> Path:
    """The file with that hash: from the mirror, the cache, or the network, in this order.

    The returned file has been checked against `sha256` now. An unfinished download stays beside it as `.part` and is
    resumed by the next call. `before` is called with each address before it is asked, to wait or to refuse.

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
            _Download(url, sha256, final, limits).run(before)
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

    def run(self, before: Callable[[str], None] | None) -> None:
        """Try until the file is whole and right, or the limits are reached."""
        persist(self.url, lambda: self._attempt(before), self.limits)

    def _attempt(self, before: Callable[[str], None] | None) -> None:
        have = self.part.stat().st_size if self.part.exists() else 0
        facts = self._read_facts()
        if have and not facts.get("validator"):
            # Nothing to tell with whether the rest would belong to the same content.
            self.forget()
            have = 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": facts["validator"]}
        follow(self.url, headers, self.limits, lambda response, _: self._store(response, have), before=before)
        self._settle(resumed=have > 0)

    def _store(self, response: httpx2.Response, have: int) -> None:
        refuse_transient(response, self.url, self.limits)
        if response.status_code == 416 and have:
            # Our part is as long as the content, or longer; the hash decides.
            return
        if response.status_code not in (200, 206):
            raise LabError(f"{self.url} answered with status {response.status_code}", "check the source's `url`")
        start = _range_start(response) if response.status_code == 206 else 0
        if start not in (0, have):
            self.forget()
            raise TransientError(f"asked for bytes from {have}, got them from {start}")
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
                raise TransientError("the parts of a resumed download do not fit together")
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


def _range_start(response: httpx2.Response) -> int:
    """First byte of a partial answer, from `Content-Range: bytes 5-9/10`; -1 when it does not say."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else -1
