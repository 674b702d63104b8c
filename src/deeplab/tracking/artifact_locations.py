"""Where the files of runs lie: beside the database, or where the store was before it was moved or copied."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname


@dataclass(frozen=True)
class Move:
    """A folder of runs' files that a database records at the place where it was made."""

    recorded: Path  # where it was then, absolute
    here: Path  # where it belongs now, beside the database

    def follow(self, path: Path) -> Path | None:
        """Where a recorded place is now; None for one that is not in this folder."""
        return self.here / path.relative_to(self.recorded) if path.is_relative_to(self.recorded) else None


def local_path(location: str) -> Path | None:
    """The folder of an artifact location on this machine, or None where it is elsewhere."""
    parts = urlsplit(location)
    if parts.scheme == "file" and not parts.netloc:
        return Path(url2pathname(parts.path))
    return Path(location) if not parts.scheme and Path(location).is_absolute() else None


def current(location: str, moves: Iterable[Move], new: bool = False) -> str:
    """Where the files of a recorded location are: beside the database first.

    Args:
        moves: of the store; of none of them is what was never beside its database.
        new: whether it is for files that are yet to come, which never go to where a store was before.

    Returns:
        The place beside the database; the recorded one where the files lie there alone.
    """
    path = local_path(location)
    for move in moves:
        followed = None if path is None else move.follow(path)
        if path is None or followed is None:
            continue
        if not new and not followed.exists() and path.exists():
            return location
        return followed.as_uri() if location.startswith("file:") else str(followed)
    return location


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, whatever links are on the way."""
    return path.resolve().is_relative_to(folder.resolve())


def same_folder(one: Path, other: Path) -> bool:
    """Whether two paths lead to one folder."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False
