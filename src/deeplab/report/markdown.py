"""A page as Markdown for a repository, its figures in a folder beside it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from deeplab.report.page import (
    Cell,
    Code,
    CodeBlock,
    Collapsible,
    Group,
    KeyValues,
    Page,
    Part,
    Picture,
    Read,
    Table,
    Text,
    cell_text,
    slug,
)
from deeplab.visible import visible, visible_line

# What would be read as mark-up. An underscore inside a word is none.
_MARKS = re.compile(r"[\\`*\[\]<>&~|$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BEGINNINGS = re.compile(r"^(\d*)(?=#+\s|[+-]\s|[=-]+$|(?<=\d)[.)](?:\s|$))")


def to_markdown(page: Page, folder: str, read: Read) -> tuple[str, dict[str, bytes]]:
    """Write a page as GitHub's Markdown; whatever is in it is escaped.

    Args:
        page: what is on it.
        folder: where the figures will be, seen from the page.
        read: gives them.

    Returns:
        The text, and the figures by the names of their files.
    """
    figures: dict[str, bytes] = {}

    def picture(part: Picture) -> Iterator[str]:
        content = read(part.path)
        if content:
            name = slug(part.path.replace("/", "_").removeprefix("plots_"))
            figures[name] = content
            yield f"![{escaped(part.alt)}]({folder}/{name})"
            yield ""
            yield escaped(part.caption)

    lines = [f"# {escaped(page.title)}", ""]
    for line in page.about:
        lines += [escaped(line), ""]
    if page.highlights:
        lines += [*_facts(page.highlights), ""]
    for section in page.sections:
        if section.parts:
            lines += [f"## {escaped(section.title)}", "", *_parts(section.parts, picture)]
    return "\n".join(lines).rstrip() + "\n", figures


def escaped(text: str) -> str:
    """Escape text to one line that no Markdown takes for mark-up."""
    return _BEGINNINGS.sub(r"\1\\", _MARKS.sub(r"\\\g<0>", _line(text)))


def code(text: str) -> str:
    """Quote text in a line, letter by letter as it is."""
    line = _line(text)
    if not line:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _parts(parts: Sequence[Part], picture: Callable[[Picture], Iterator[str]]) -> Iterator[str]:
    for part in parts:
        yield from _part(part, picture)
        yield ""


def _part(part: Part, picture: Callable[[Picture], Iterator[str]]) -> Iterator[str]:
    match part:
        case Text():
            yield f"**{escaped(part.text)}**" if part.is_warning else escaped(part.text)
        case KeyValues():
            yield from _facts(part.rows)
        case Table():
            yield escaped(part.caption)
            yield ""
            yield from _table(part)
        case Picture():
            yield from picture(part)
        case CodeBlock():
            fence = "`" * max(3, max(map(len, re.findall("`+", part.text)), default=0) + 1)
            yield f"{fence}{part.language}"
            yield visible(part.text).rstrip("\n")
            yield fence
        case Group():
            yield f"### {escaped(part.title)}"
            yield ""
            yield from _parts(part.parts, picture)
        case Collapsible():
            yield f"<details><summary>{_as_html(part.summary)}</summary>"
            yield ""
            yield from _parts(part.parts, picture)
            yield "</details>"


def _facts(rows: Sequence[tuple[str, Cell]]) -> Iterator[str]:
    yield from _table(Table("", ("", ""), tuple(rows)))


def _table(table: Table) -> Iterator[str]:
    yield _row(map(escaped, table.head))
    yield _row("--:" if is_numeric else "---" for is_numeric in table.numeric_columns)
    decimals = table.decimals_of_columns
    for number, row in enumerate(table.rows):
        cells = [_cell(cell, places) for cell, places in zip(row, decimals, strict=True)]
        yield _row(f"**{cell}**" if cell and number == table.marked else cell for cell in cells)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, decimals: int) -> str:
    # A bar ends a cell of a table even inside code.
    return code(cell.text).replace("|", "\\|") if isinstance(cell, Code) else escaped(cell_text(cell, decimals))


def _line(text: str) -> str:
    return visible_line(" ".join(text.split()))


def _as_html(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
