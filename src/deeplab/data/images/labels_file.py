"""`labels.csv`: a line for each image of a folder, and whether its labels are classes or values."""

import csv
import io
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from deeplab.config.schema import FolderLabelKind
from deeplab.data.images.decode import SUFFIXES
from deeplab.data.labels import ASKED, MOST_LIKE_CLASSES
from deeplab.errors import UserError, one_line
from deeplab.files import some

LABELS_FILE = "labels.csv"
COLUMNS = ("file", "label")
MOST_BYTES = 1 << 26
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Line:
    """What a line says."""

    number: int  # of the line, from 1
    file: str  # path in the folder, without `.` and double slashes
    label: str  # as it is written


def is_labels_file(file: Path) -> bool:
    """Whether the first line of a file is that of a `labels.csv`, whatever follows."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as stream:
            head = stream.readline(1000)
    except OSError:
        return False
    return {*COLUMNS} <= {name.strip() for name in head.decode("utf-8-sig", "replace").split(",")}


def read_lines(path: Path, notes: list[str]) -> list[Line]:
    """Read a `labels.csv`: its first line names the columns `file` and `label`.

    Args:
        path: of the file.
        notes: gets a line of what is not read.

    Raises:
        UserError: it cannot be read, or a line cannot be meant.
    """
    rows = _rows(path)
    head = rows[0][1] if rows else []
    if any(head.count(column) != 1 for column in COLUMNS):
        there = f"is '{','.join(head)[:80]}'" if head else "is not there"
        raise UserError(f"{path}: the first line must name the columns file and label, file,label; it {there}.")
    if others := [column for column in head if column not in COLUMNS]:
        notes.append(f"not read of {path}: {some(others)}")
    lines: dict[str, Line] = {}
    for number, row in rows[1:]:
        where = f"{path}, line {number}"
        if len(row) != len(head):
            raise UserError(f"{where}: {len(row)} fields for {len(head)} columns.")
        file, label = (row[head.index(column)] for column in COLUMNS)
        if not file or not label:
            raise UserError(f"{where}: no {'label' if file else 'file'}.")
        inside = PurePosixPath(file)
        if inside.is_absolute() or ".." in inside.parts or "\0" in file:
            raise UserError(f"{where}: '{file}' lies outside of {path.parent}, in which every file must be.")
        if not file.lower().endswith(SUFFIXES):
            raise UserError(f"{where}: '{file}' is not an image file; allowed are {', '.join(SUFFIXES)}.")
        line = Line(number, str(inside), label)
        if (first := lines.setdefault(line.file, line)) is not line:
            raise UserError(f"{where}: '{line.file}' is named twice, in line {first.number} too.")
    if not lines:
        raise UserError(f"{path} names no image.")
    return list(lines.values())


def told_labels(
    lines: Mapping[str, Sequence[Line]], labels: FolderLabelKind, root: Path
) -> tuple[dict[str, list[float]], tuple[str, ...]]:
    """Tell the label of each line, by part: the number of its class, or its value; and the names of the classes.

    Args:
        lines: by the folder in `root` that the file lies in, that of the training images first.
        labels: `classes`, `values`, or `auto`, which takes decimal numbers for values and anything else for classes.
        root: the folder.

    Raises:
        UserError: they are neither or could be both, or there is nothing to tell apart.
    """
    named = [(f"{root / part / LABELS_FILE}, line {line.number}", line.label) for part in lines for line in lines[part]]
    if labels == "auto":
        labels = _told(named, root / LABELS_FILE)
    if labels == "values":
        values = {part: [_value(root / part, line) for line in lines[part]] for part in lines}
        first = next(iter(values.values()))
        if len(set(first)) == 1:
            raise UserError(f"{root}: every label of the training images is {first[0]:g}, of which nothing is learned.")
        return values, ()
    trained = {line.label for line in next(iter(lines.values()))}
    by_number = all(map(WHOLE.fullmatch, trained))
    names = sorted(trained, key=lambda name: (float(name) if by_number else 0.0, name))
    if len(names) < 2:
        raise UserError(f"{root}: every label of the training images is '{names[0]}'; two classes are needed.")
    index = {name: number for number, name in enumerate(names)}
    for where, label in named:
        if label not in index:
            raise UserError(f"{where}: no training image has the label '{label}'.")
    return {part: [index[line.label] for line in lines[part]] for part in lines}, tuple(names)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a CSV file that are not empty, with their numbers."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{path} is not a regular file.")
        if status.st_size > MOST_BYTES:
            raise UserError(f"{path} has {status.st_size / 1e6:,.0f} MB; at most {MOST_BYTES >> 20} MiB are read.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8 ({one_line(error)}).") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(reader.line_num, [field.strip() for field in row]) for row in reader if row]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {one_line(error)}.") from error


def _told(labels: Sequence[tuple[str, str]], file: Path) -> FolderLabelKind:
    """Tell classes from values; each label with the place where it is written."""
    decimals = [(where, label) for where, label in labels if _is_decimal(label)]
    if not decimals:
        return "classes"
    if other := next(((where, label) for where, label in labels if not NUMBER.fullmatch(label)), None):
        raise UserError(
            f"{other[0]}: '{other[1]}' is no number, and '{decimals[0][1]}' in line {decimals[0][0].rsplit(' ', 1)[1]} "
            "is one; dataset.labels=classes takes all as names."
        )
    numbers = np.array([float(label) for _, label in labels])
    if (np.rint(numbers) == numbers).all() and np.abs(numbers).max() < MOST_LIKE_CLASSES:
        seen = f"whole numbers with a point, {numbers.min():g} to {numbers.max():g}"
        raise UserError(f"{file} holds {seen}, which may be classes or values. {ASKED}.")
    return "values"


def _is_decimal(label: str) -> bool:
    return NUMBER.fullmatch(label) is not None and WHOLE.fullmatch(label) is None


def _value(folder: Path, line: Line) -> float:
    """A label as a number that float32 holds."""
    with np.errstate(over="ignore"):
        value = float(np.float32(line.label)) if NUMBER.fullmatch(line.label) else float("nan")
    if not np.isfinite(value):
        raise UserError(f"{folder / LABELS_FILE}, line {line.number}: '{line.label}' is no value.")
    return value
