"""When a Ctrl-C may be heard: not between a run's first line in the store and the code that ends runs properly."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from deeplab.errors import Terminated

# SIGHUP is what a closing terminal sends; Windows has none.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_heard: list[KeyboardInterrupt] = []


def listen() -> None:
    """End the process by an exception on every signal that ends processes, and remember that it came."""
    _heard.clear()
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _hear)


def heard() -> KeyboardInterrupt | None:
    """The signal that came, if one did: TensorFlow can turn its exception into another while it traces a graph."""
    return _heard[-1] if _heard else None


def forget_heard() -> None:
    """What came before a run began has nothing to do with how it ends."""
    _heard.clear()


def _hear(number: int, _frame: FrameType | None) -> None:
    _heard.append(KeyboardInterrupt() if number == signal.SIGINT else Terminated())
    raise _heard[-1]


class HeldSignals:
    """Holds back what would end the process until `release`; outside the main thread it does nothing."""

    def __init__(self) -> None:
        self._came: tuple[int, FrameType | None] | None = None
        self._before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hold) for number in ENDING}

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._came = (number, frame)

    def forget(self) -> None:
        """Let signals through again, and none that came meanwhile."""
        self._came = None
        self.release()

    def release(self) -> None:
        """Let signals through again; one that came meanwhile acts now, as it would have acted then."""
        handlers, self._before = self._before, {}
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if self._came is not None:
            (number_came, frame), self._came = self._came, None
            handler = handlers[signal.Signals(number_came)]
            if callable(handler):
                handler(number_came, frame)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """A second Ctrl-C must not cut off the writing of what the first one ended."""
    held = HeldSignals()
    try:
        yield
    finally:
        held.forget()
