"""A page on the terminal: the third way to write one, beside `report.html` and `report.markdown`.

What a terminal leaves out is decided here: a part that opens with a click stands there in brief or not at all, a table
ends after MOST_ROWS, and of a figure there is its path.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text as RichText

from deeplab.cli.terminal.tables import console, table
from deeplab.report.page import CodeBlock, Collapsible, Group, KeyValues, Page, Part, Picture, Table, Text, cell_text
from deeplab.visible import visible_line

MOST_ROWS = 50
NAME_WIDTH = 12  # letters, so that the values of most lists stand below each other


def print_page(page: Page) -> None:
    """Print a page; a section of which nothing is left is not named."""
    screen = console()
    screen.print(RichText(visible_line(page.title), style="bold"))
    for line in page.about:
        screen.print(visible_line(line))
    if page.highlights:
        print_parts((KeyValues(page.highlights),))
    for section in page.sections:
        parts = tuple(_unfolded(section.parts))
        if parts:
            screen.print()
            screen.print(RichText(visible_line(section.title), style="bold"))
            print_parts(parts)


def print_parts(parts: Iterable[Part], most: int | None = MOST_ROWS) -> None:
    """Print parts of a page one after the other, of a table so many rows."""
    screen = console()
    for number, part in enumerate(_unfolded(parts)):
        if number and isinstance(part, Table | KeyValues):
            screen.print()
        match part:
            case Text():
                screen.print(RichText(part.text, style="red" if part.is_warning else ""))
            case CodeBlock():
                for line in part.text.splitlines():  # the terminal wraps it, so that it can be copied
                    screen.print(f"  {line}", soft_wrap=True)
            case KeyValues():
                screen.print(_grid(part))
            case Table():
                if part.caption:
                    screen.print(visible_line(part.caption))
                screen.print(_table(part, most))
                more = len(part.rows) - len(part.rows[:most])
                if more:
                    screen.print(f"and {more:,} more; the page that deeplab report writes has them all")


def _unfolded(parts: Iterable[Part]) -> Iterator[Text | CodeBlock | KeyValues | Table]:
    """Yield the parts that are printed."""
    for kind, same in groupby(parts, type):
        if kind is Picture:
            rows = tuple((part.path, part.caption) for part in same if isinstance(part, Picture))
            yield Table("", ("figure", "what it shows"), rows)
            continue
        for part in same:
            match part:
                case Collapsible():
                    yield from _unfolded(part.brief)
                case Group():
                    yield Text(f"{part.title}:")
                    yield from _unfolded(part.parts)
                case Text() | CodeBlock() | KeyValues() | Table():
                    yield part


def _grid(part: KeyValues) -> RenderableType:
    grid = RichTable.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=NAME_WIDTH, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, cell in part.rows:
        grid.add_row(f"  {name}", cell_text(cell))
    return grid


def _table(part: Table, most: int | None) -> RenderableType:
    shown = table()
    for head, is_numeric in zip(part.head, part.numeric_columns, strict=True):
        shown.add_column(head, justify="right" if is_numeric else "left", no_wrap=is_numeric, overflow="fold")
    for number, row in enumerate(part.rows[:most]):
        cells = map(cell_text, row, part.decimals_of_columns)
        shown.add_row(*cells, style="bold" if number == part.marked else "")
    return shown
