"""What processes that are started have to do with the one that starts them."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker
from types import ModuleType

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """End this process when the one that started it ends, however that does.

    A worker must not outlive its sweep: the next one may train the same trial.
    """
    parent = parent_process()
    assert parent is not None and parent.pid is not None
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent.pid:
            os._exit(1)  # it was gone before it could be asked for

    def wait_for_its_end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_its_end, name="deeplab-parent", daemon=True).start()


@contextmanager
def starting_a_child() -> Iterator[None]:
    """What is started meanwhile never hears Ctrl-C, and does not import the program that starts it.

    A spawned process would carry out a script again that has no `if __name__ == "__main__":`.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        with _ctrl_c_blocked():
            yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """A terminal sends Ctrl-C to all; the parent tells its workers."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The first process that is started starts this one, too, which would let Ctrl-C through again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
