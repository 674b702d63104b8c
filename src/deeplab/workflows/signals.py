"""When a signal that ends processes may act: not while a run is begun or ended."""

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from deeplab.errors import Terminated

# SIGHUP is what a closing terminal sends; Windows has none.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
HANGUP = getattr(signal, "SIGHUP", None)


def install_handlers() -> None:
    """End the process by an exception on every signal that ends processes."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    if number == HANGUP:
        leave_terminal()
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def leave_terminal() -> None:
    """Write no more to a terminal that is gone: each line would be an error, also those at the end of a run."""
    for stream in (1, 2):
        if stat.S_ISCHR(os.fstat(stream).st_mode):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream)
            os.close(nothing)


class HeldSignals:
    """Holds back what would end the process until `let_through`, `release` or `forget`.

    Outside the main thread it does nothing, and signals that are ignored stay so.

    Attributes:
        are_held: whether signals are held back. To set it is the one way to hold them that no signal can come in
            between: it calls nothing.
        interrupt: what the signal that was let through raised, or None. TensorFlow can turn that into another exception
            while it traces a graph.
    """

    def __init__(self, always_in: CodeType | None = None) -> None:
        """Hold signals back from now on.

        Args:
            always_in: a function in which they are held back in any case, while it calls no other.
        """
        self.are_held = True
        self.interrupt: KeyboardInterrupt | None = None
        self._always_in = always_in
        self._came: tuple[int, FrameType | None] | None = None
        self._is_over = False
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in ENDING}
            self._before = {n: known for n, known in handlers.items() if known not in (signal.SIG_IGN, None)}
        try:
            for number in self._before:
                signal.signal(number, self._handle)
        except BaseException:  # a signal that came while not all of them were held
            self.forget()
            raise
        _in_force.append(self)

    def let_through(self) -> None:
        """Let one signal act, now if it came meanwhile; in the same moment those after it are held back."""
        self.are_held = False
        if self._came is not None:
            (number, frame), self._came = self._came, None
            self._act(number, frame)

    def release(self) -> None:
        """Let signals through again; one that came meanwhile acts now, as it would have acted then."""
        came, self._came = self._came, None
        self.forget()
        if came is not None:
            self._act(*came)

    def forget(self) -> None:
        """Let signals through again, and none that came meanwhile."""
        self._is_over = True  # first: the handlers are put back one by one
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self in _in_force:
            _in_force.remove(self)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == HANGUP:
            leave_terminal()
        is_in = frame is not None and frame.f_code is self._always_in
        if not self._is_over and (self.are_held or is_in):
            self._came = (number, frame)
        else:
            self._act(number, frame)

    def _act(self, number: int, frame: FrameType | None) -> None:
        handler = self._before[number]
        try:
            if callable(handler):
                handler(number, frame)
            else:  # it would end the process at once
                _raise(number, frame)
        except BaseException as error:
            self.are_held = True
            self.interrupt = error if isinstance(error, KeyboardInterrupt) else self.interrupt
            raise


_in_force: list[HeldSignals] = []


@contextmanager
def signals_ignored() -> Iterator[None]:
    """A second Ctrl-C must not cut off the writing of what the first one ended."""
    held = HeldSignals()
    try:
        yield
    finally:
        held.forget()


@contextmanager
def signals_let_through() -> Iterator[None]:
    """Let one signal through that is held back around this block, as where the block may take long."""
    held = _in_force[-1]
    held.let_through()
    try:
        yield
    finally:
        held.are_held = True
