"""A network that the store does not take is saved where there is room."""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # none of those that Python knows can be written
        return Path.home()


TEMPORARY = _temporary()  # as it is now: a worker takes one of its own, which goes with it


def save_elsewhere(network: "keras.Model", run_id: str, folders: Iterable[Path]) -> Path | None:
    """Save a network that the store does not take in the first of the folders that does; None where none does."""
    for folder in (*folders, TEMPORARY, Path.home()):
        path = folder / f"deeplab-{run_id[:8]}.keras"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            network.save(path)
        except OSError:
            with suppress(OSError):
                path.unlink()
        else:
            return path
    return None
