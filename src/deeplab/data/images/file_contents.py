"""What files hold, known by a hash of it; read again only where the file system says that they may have changed."""

import hashlib
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from deeplab.errors import UserError

# A file that was changed just now may change once more within the same tick of the file system's clock.
SETTLED_SECONDS = 2.0


class FileState(NamedTuple):
    """What changes whenever a file does, and differs between two files: nobody can set the time of its last change."""

    device: int  # of the file system
    inode: int  # of the file in it
    size: int  # in bytes
    mtime_ns: int  # when it was written, which can be set
    ctime_ns: int  # when it, its name or its times were changed

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        """The state in which a file was found."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def content_hash(root: Path, files: Sequence[tuple[str, FileState]], notes: Path) -> str:
    """SHA-256 over the names and the contents of files.

    Where the same files were hashed before and none has changed since, the hash is that of before.

    Args:
        root: where they lie.
        files: names in `root` with the states in which they were found.
        notes: folder for a note of what was hashed; without one it is hashed every time.

    Raises:
        UserError: a file cannot be read.
    """
    seen = hashlib.sha256()
    for name, state in files:
        seen.update(os.fsencode(name) + f"\0{','.join(map(str, state))}\0".encode())
    note = notes / f"{seen.hexdigest()[:32]}.sha256"
    if (known := _read(note)) is not None:
        return known
    began = time.time()
    digest = hashlib.sha256()
    for name, _ in files:
        digest.update(os.fsencode(name) + b"\0" + _file_hash(root / name))
    if all(state.ctime_ns / 1e9 < began - SETTLED_SECONDS for _, state in files):
        _write(note, digest.hexdigest())
    return digest.hexdigest()


def _file_hash(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def _read(note: Path) -> str | None:
    try:
        text = note.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    return text if re.fullmatch("[0-9a-f]{64}", text) else None


def _write(note: Path, text: str) -> None:
    aside = note.with_suffix(f".{os.getpid()}")
    # Without the note the files are read once more the next time, and nothing else is lost.
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, "ascii")
        aside.replace(note)
