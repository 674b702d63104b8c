"""What becomes of a Ctrl-C that comes before a run is there to be marked."""

from collections.abc import Iterator
from contextlib import contextmanager

from deeplab.errors import Interrupted, exit_status


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """End the command with one line when a signal comes while the context lasts.

    Args:
        message: what was interrupted, and what is left of it.

    Raises:
        Interrupted: a signal came, with that message and the exit status of the signal.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(message, exit_status(interrupt)) from None
