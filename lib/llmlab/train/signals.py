"""Asked to stop: a training that is told to end finishes its step, saves its state and says how to go on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from llmlab.artifacts.errors import LabError

# What `kill`, a batch system at the end of its time and Ctrl-C send.
_ASKING = (signal.SIGTERM, signal.SIGINT)


@dataclass
class StopRequest:
    """Whether somebody asked, and by which signal."""

    name: str | None = None


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Note the first SIGTERM or SIGINT instead of dying of it; the second one does what it always does.

    Signals can be caught in the main thread only: elsewhere they keep their meaning. One that is ignored (`nohup`, a
    shell's background job) stays ignored.
    """
    request = StopRequest()
    before: dict[signal.Signals, Any] = {}

    def note(number: int, _: FrameType | None) -> None:
        request.name = signal.Signals(number).name
        signal.signal(number, before[signal.Signals(number)])
        # Not print(): the signal may have come in the middle of one.
        os.write(2, f"{request.name}: ending after this step; once more ends at once\n".encode())

    if threading.current_thread() is threading.main_thread():
        caught = [number for number in _ASKING if signal.getsignal(number) is not signal.SIG_IGN]
        for number in caught:
            before[number] = signal.signal(number, note)
    try:
        yield request
    finally:
        for caught_one, handler in before.items():
            signal.signal(caught_one, handler)


def stopped(name: str, step: int) -> NoReturn:
    """End a run whose state is saved.

    Raises:
        LabError: always; a stage that ends early must fail, or DVC would take its outs for finished.
    """
    raise LabError(
        f"{name} asked to stop: ended after step {step}, whose state is saved",
        "run the same command again (`dvc repro`): it goes on from there and ends with the same weights",
    )
