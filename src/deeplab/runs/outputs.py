"""Files that a command writes where a person asked for them: checked before the work, whole or not there after it."""

import os
from pathlib import Path

from deeplab.config.errors import UserError


def check_file(path: Path, suffix: str, option: str) -> None:
    """Refuse a place that cannot be written, before work is put into what would go there.

    Args:
        path: of the file; one that is there may be written over.
        suffix: that it must have.
        option: that gave it, for the error.

    Raises:
        UserError: it is a folder, has another suffix, or cannot be written.
    """
    if path.suffix.lower() != suffix:
        raise UserError(f"{option} {path}: its name must end in {suffix}.")
    if path.is_dir():
        raise UserError(f"{option} {path}: this is a folder; give the name of a file.")
    check_folder_of(path, option)
    if path.exists() and not os.access(path, os.W_OK):
        raise UserError(f"{option} {path}: no permission to write over it.")


def check_folder_of(path: Path, option: str) -> None:
    """Refuse a path whose folder is not there or takes no files.

    Raises:
        UserError: so it is.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UserError(f"{option} {path}: there is no folder {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{option} {path}: no permission to write into {folder}.")


def aside_of(path: Path) -> Path:
    """Where something is written before it gets its name; in the same folder, so that a rename is enough."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def write_file(path: Path, content: bytes) -> None:
    """Write a file; it is there whole or not at all.

    Raises:
        UserError: the disk takes no more.
    """
    aside = aside_of(path)
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        aside.unlink(missing_ok=True)
