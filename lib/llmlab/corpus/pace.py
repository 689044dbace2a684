"""One host is not asked faster than it likes."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit


class Pace:
    """When each host was last asked; shared by all sources of a run, since they may share hosts."""

    def __init__(
        self,
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds = seconds
        self._clock, self._sleep = clock, sleep
        self._next: dict[str, float] = {}

    def wait(self, url: str, at_least: float = 0.0) -> None:
        """Sleep until the host of `url` may be asked again; `at_least` is what it asked for itself, in seconds."""
        # A host is a name: its http and https servers are one machine to be spared.
        host = urlsplit(url).hostname or ""
        pause = self._next.get(host, 0.0) - self._clock()
        if pause > 0:
            self._sleep(pause)
        self._next[host] = self._clock() + max(self.seconds, at_least)
