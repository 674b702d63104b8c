"""Calls that are carried out beside what goes on, because each of them would wait for a server."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

AT_ONCE = 8
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Beside:
    """Threads for calls that need not be over before the next one begins.

    They end with the process, as those of Python's own pool do not, and so does waiting for a server that is gone.
    """

    def __init__(self, is_used: bool) -> None:
        """Have no threads yet; without them a call is over when it returns."""
        self._is_used = is_used
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._calls: list[Future[None]] = []
        self._has_failed = False

    def do(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Carry out a call; what it raises in a thread is raised by `wait`, and no more are begun until then."""
        if not self._is_used:
            call(*arguments)
            return
        future: Future[None] = Future()
        self._calls.append(future)
        threading.Thread(target=self._carry_out, args=(future, call, arguments), daemon=True).start()

    def wait(self, patience_seconds: float = threading.TIMEOUT_MAX) -> None:
        """Wait for all of them, and raise what the first of them raised, if any did, or a TimeoutError."""
        faults, until = [], time.monotonic() + patience_seconds
        while self._calls:
            left = min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
            faults.append(self._calls[0].exception(left))  # a signal may come here, and leaves it in the list
            del self._calls[0]
        self._has_failed = False
        for fault in filter(None, faults):
            raise fault

    def _carry_out(self, future: "Future[None]", call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        with self._slots:
            try:
                if not self._has_failed:  # each of them may take minutes before it gives up
                    call(*arguments)
            except BaseException as error:
                self._has_failed = True
                future.set_exception(error)
            else:
                future.set_result(None)


def ask_all(ask: Callable[[Item], Answer], items: Iterable[Item], beside: bool) -> list[Answer]:
    """The answer to each item, in their order; several are asked for at a time where they are `beside` each other."""
    if not beside:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, items))
