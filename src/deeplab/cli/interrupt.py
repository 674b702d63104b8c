"""What becomes of a Ctrl-C that comes before a run is there to be marked."""

from collections.abc import Iterator
from contextlib import contextmanager

from deeplab.errors import Interrupted, exit_status


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """End the command with this line, and the exit status of the signal, when one comes while the context lasts."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(message, exit_status(interrupt)) from None
