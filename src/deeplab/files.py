"""Paths that a person gave: there, of the right kind and open to us, or an error of one line."""

import csv
import hashlib
import io
import os
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deeplab.errors import UserError
from deeplab.visible import visible

if TYPE_CHECKING:
    import numpy as np

MOST_NAMED = 3
# What zipfile, zlib and numpy raise on damaged bytes (each was met by flipping some).
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    KeyError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


def existing_file(text: str, setting: str) -> Path:
    """The regular file at a path that was given.

    Args:
        text: the path; `~` stands for the home folder.
        setting: the setting that holds it, as in `dataset.path`; empty where none does.

    Raises:
        UserError: there is none, it is something else (a folder, a pipe), or it may not be looked at.
    """
    path, mode = _look(text, setting)
    where = f"{setting}={text}" if setting else text
    if stat.S_ISDIR(mode):
        raise UserError(f"{where}: this is a folder; a file is needed.")
    if not stat.S_ISREG(mode):
        raise UserError(f"{where}: this is not a regular file.")
    return path


def existing_folder(text: str, setting: str) -> Path:
    """The readable folder at a path that was given; arguments and errors as in `existing_file`."""
    path, mode = _look(text, setting)
    if not stat.S_ISDIR(mode):
        raise UserError(f"{setting}={text}: this is not a folder.")
    if not os.access(path, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise UserError(f"{setting}={text}: no permission to read this folder.")
    return path


def some(names: Sequence[str]) -> str:
    """A few names and the number of the others, as in `a.txt, b.txt, c.txt and 7 more`."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _look(text: str, setting: str) -> tuple[Path, int]:
    where = f"{setting}={text}" if setting else text
    try:
        path = Path(text).expanduser()
        return path, path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{where}: there is no such file or folder.") from None
    except PermissionError:
        raise UserError(f"{where}: no permission to look there.") from None
    except OSError as error:  # a loop of links, a name too long
        raise UserError(f"{where}: {error.strerror}.") from error
    except (ValueError, RuntimeError) as error:  # a NUL in the name, a home folder of nobody
        raise UserError(f"{setting}={text!r}: {error}.") from error


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


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV text with a head; texts that begin like a formula get an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in (columns, *rows))
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value for a CSV file: what acts on a terminal is written out, and a spreadsheet takes no text for a formula."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def array_header(stream: IO[bytes]) -> "tuple[tuple[int, ...], np.dtype[Any]]":
    """Shape and dtype of an array as NumPy writes it; leaves the stream where its values begin.

    Raises:
        ValueError: it is no array of plain numbers, or damaged; damage raises what else is in DAMAGE, too.
    """
    from numpy.lib import format as npy

    version = npy.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = npy.read_array_header_2_0(stream)
    else:  # 3.0 differs in the names of fields only, and records are not numbers
        raise ValueError(f"array format {version} is not for plain numbers")
    return shape, dtype


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
