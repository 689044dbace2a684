"""What reading from the web may cost, and how often one host is asked."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    """What a download may cost."""

    max_bytes: Annotated[int, Field(gt=0)] = 1 << 29
    """Largest file in bytes, downloaded or local, before and after unpacking."""
    max_page_bytes: Annotated[int, Field(gt=0)] = 1 << 23
    """Largest page, listing or answer in bytes that is read into memory, before and after unpacking."""
    connect_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Longest wait for a connection, in seconds."""
    read_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest silence of a server, in seconds."""
    total_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """Longest time in seconds for one file with all its attempts, and for one git fetch."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Attempts per file at what may pass: no answer, a broken connection, a spent rate limit, status 408, 425, 429,
    500, 502, 503, 504."""
    backoff_seconds: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the second attempt, doubled before each further one; a server's Retry-After takes precedence."""
    max_wait_seconds: Annotated[float, Field(ge=0)] = 60.0
    """Longest pause between attempts, in seconds; a server that asks for more ends the download."""
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    """Redirects followed per attempt, the target of each checked."""
    host_pause_seconds: Annotated[float, Field(ge=0)] = 0.5
    """Shortest time between the starts of two requests to one host, in seconds; a longer Crawl-delay of its robots.txt
    takes precedence where that file is read."""
    allow_private_hosts: list[str] = field(default_factory=list)
    """Hosts taken without an address check; for tests only."""
