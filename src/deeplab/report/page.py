"""A page as what stands on it; `report.html`, `report.markdown` and `cli.terminal.page` write it down."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

DECIMALS = 4
MOST_DECIMALS = 7
MARK = "*"  # of a score of validation that was measured on the test set
# The content of a figure by its path; None of one that has gone in the meantime, which is then left out.
Read = Callable[[str], bytes | None]
_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?( of \d+| ± [\d.e-]+)?\*?")


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
class KeyValues:
    """Names and what each of them is."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column says what a row is about."""

    caption: str  # what the table shows
    head: tuple[str, ...]  # of each column
    rows: tuple[tuple[Cell, ...], ...]  # each as long as the head
    marked: int | None = None  # number of the row that stands out, or None

    @property
    def numeric_columns(self) -> tuple[bool, ...]:
        """Which columns hold numbers, which stand to the right."""
        return tuple(map(self._is_numeric, range(len(self.head))))

    @property
    def decimals_of_columns(self) -> tuple[int, ...]:
        """How many decimals the numbers of a column have: four, and as many as its smallest needs for two digits."""
        return tuple(map(self._decimals, range(len(self.head))))

    def without_empty_columns(self) -> "Table":
        """Return the same without the columns that hold nothing."""
        kept = [number for number in range(len(self.head)) if any(row[number] is not None for row in self.rows)]
        rows = tuple(tuple(row[number] for number in kept) for row in self.rows)
        return replace(self, head=tuple(self.head[number] for number in kept), rows=rows)

    def _is_numeric(self, column: int) -> bool:
        cells = [row[column] for row in self.rows]
        plain = [cell for cell in cells if isinstance(cell, str)]
        return any(isinstance(cell, int | float) for cell in cells) or (
            bool(plain) and all(map(_NUMBER.fullmatch, plain))
        )

    def _decimals(self, column: int) -> int:
        values = [row[column] for row in self.rows]
        sizes = [abs(value) for value in values if isinstance(value, float) and value and math.isfinite(value)]
        smallest = min(sizes, default=1.0)
        needed = 1 - math.floor(math.log10(smallest))
        return needed if DECIMALS < needed <= MOST_DECIMALS else DECIMALS


@dataclass(frozen=True)
class Picture:
    """A figure, PNG or GIF; who writes the page reads it."""

    path: str  # among the artifacts of its run
    alt: str  # what is to be seen, for who cannot see it
    caption: str  # below it


@dataclass(frozen=True)
class CodeBlock:
    """Lines to be copied as they are; `language` is what a highlighter calls them."""

    text: str
    language: str


@dataclass(frozen=True)
class Group:
    """A part of a section under a heading of its own."""

    title: str
    parts: "tuple[Part, ...]"


@dataclass(frozen=True)
class Collapsible:
    """What few want to read: it opens with a click."""

    summary: str  # what it is
    parts: "tuple[Part, ...]"  # what it opens to
    brief: "tuple[Part, ...]" = ()  # what stands there where nothing can be clicked, as on a terminal


Part = Text | KeyValues | Table | Picture | CodeBlock | Group | Collapsible


@dataclass(frozen=True)
class Section:
    """A part of a page that its table of contents names; one without parts is left out."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str  # of it
    about: tuple[str, ...]  # a line or two below
    highlights: tuple[tuple[str, Cell], ...]  # the few values that a reader looks for first
    sections: tuple[Section, ...]  # in order


def number(value: float, decimals: int = DECIMALS) -> str:
    """Format whole numbers as they are, others with some decimals, or with two digits where those say little."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{decimals}f}" if value == 0 or abs(value) >= 10 ** (1 - decimals) else f"{value:.2g}"


def size(count: int) -> str:
    """Format a number of bytes: `12 kB`, `2.2 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def cell_text(cell: Cell, decimals: int = DECIMALS) -> str:
    """Write a cell as plain text."""
    if isinstance(cell, Code):
        return cell.text
    if isinstance(cell, int | float):
        return number(cell, decimals)
    return cell or ""


def slug(text: str) -> str:
    """Reduce text to letters that a file, a link and an anchor may have."""
    return re.sub(r"[^A-Za-z0-9_.=]+", "-", text).strip("-.") or "report"


def read_cell(text: str) -> Cell:
    """Read a cell of a CSV file."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def table_of(caption: str, lines: Sequence[Sequence[str]]) -> Table:
    """Make a table of a CSV file as it is, its head first."""
    rows = tuple((line[0], *map(read_cell, line[1:])) for line in lines[1:] if len(line) == len(lines[0]))
    return Table(caption, tuple(lines[0]), rows)
