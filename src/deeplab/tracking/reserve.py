"""Room on the disk that is held back for the last word of a run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RESERVED_BYTES = 1 << 20


@contextmanager
def reserved(work_folder: Path) -> Iterator[Path]:
    """A file that is held back, so that a full disk still has room for a run's status.

    It is left to whoever ends the run, unless the block raises.
    """
    file = work_folder / f"reserve-{os.getpid()}"
    try:
        file.write_bytes(b"\0" * RESERVED_BYTES)
        yield file
    except BaseException:
        file.unlink(missing_ok=True)
        raise
