"""A page as what stands on it; `report.html` and `report.markdown` write it down."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """Words of a machine: an id, a key, a value of the configuration."""

    text: str


# What stands in a table; None where there is nothing.
Cell = str | int | float | Code | None


@dataclass(frozen=True)
class Text:
    """A paragraph; a warning is one that should not be overlooked."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and what each of them is."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column says what a row is about.

    Attributes:
        caption: what the table shows.
        head: of each column.
        rows: each as long as the head.
        marked: number of the row that stands out, or None.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    marked: int | None = None

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers, which stand to the right."""
        return any(isinstance(row[column], int | float) for row in self.rows)


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes:
        path: among the artifacts of its run.
        content: PNG or GIF.
        alt: what is to be seen, for who cannot see it.
        caption: below it.
    """

    path: str
    content: bytes
    alt: str
    caption: str

    @property
    def media_type(self) -> str:
        """As a browser calls it."""
        return "image/gif" if self.content.startswith(b"GIF") else "image/png"

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, or None of a file that is no picture."""
        if self.content.startswith(b"\x89PNG") and len(self.content) >= 24:
            return int.from_bytes(self.content[16:20]), int.from_bytes(self.content[20:24])
        if self.content.startswith(b"GIF") and len(self.content) >= 10:
            return int.from_bytes(self.content[6:8], "little"), int.from_bytes(self.content[8:10], "little")
        return None


@dataclass(frozen=True)
class Listing:
    """Lines to be copied as they are; `language` is what a highlighter calls them."""

    text: str
    language: str


@dataclass(frozen=True)
class Group:
    """A part of a section under a heading of its own."""

    title: str
    parts: "tuple[Part, ...]"


@dataclass(frozen=True)
class Folded:
    """What few want to read: it opens with a click."""

    summary: str
    parts: "tuple[Part, ...]"


Part = Text | Facts | Table | Picture | Listing | Group | Folded


@dataclass(frozen=True)
class Section:
    """A part of a page that its table of contents names; one without parts is left out."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: of it.
        about: a line or two below.
        highlights: the few values that a reader looks for first.
        sections: in order.
    """

    title: str
    about: tuple[str, ...]
    highlights: tuple[tuple[str, Cell], ...]
    sections: tuple[Section, ...]


def number(value: float) -> str:
    """Whole numbers as they are, others with four decimals, or two digits where four decimals would say little."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.001 else f"{value:.2g}"


def words(cell: Cell) -> str:
    """A cell as plain text."""
    if isinstance(cell, Code):
        return cell.text
    if isinstance(cell, int | float):
        return number(cell)
    return cell or ""


def slug(text: str) -> str:
    """Letters that a file, a link and an anchor may have."""
    return re.sub(r"[^A-Za-z0-9_.=]+", "-", text).strip("-.") or "report"


def read_cell(text: str) -> Cell:
    """A cell of a CSV file."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def table_of(caption: str, lines: Sequence[Sequence[str]]) -> Table:
    """A table from a CSV file as it is, its head first."""
    rows = tuple(tuple(map(read_cell, line)) for line in lines[1:] if len(line) == len(lines[0]))
    return Table(caption, tuple(lines[0]), rows)
