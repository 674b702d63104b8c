"""How tables of runs look, on a terminal of any width and in a pipe."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from deeplab.cli.terminal.screen import Screen
from deeplab.metrics import short_label_of
from deeplab.report.page import MARK, number
from deeplab.visible import visible_line

if TYPE_CHECKING:
    from deeplab.runs.summary import Score

# In a pipe nothing need be cut; a person may still say COLUMNS=80.
PIPE_WIDTH = 400


def console() -> Screen:
    """Return the screen that tables are printed on."""
    screen = Screen()
    return screen if screen.is_terminal or os.environ.get("COLUMNS") else Screen(PIPE_WIDTH)


def table(title: str | None = None, heads: Sequence[str] = (), numbers: Sequence[str] = ()) -> Table:
    """Make an empty table in the common look; the heads of numbers come after those of words, which are folded."""
    shown = None if title is None else Text(visible_line(title))
    empty = Table(title=shown, title_justify="left", box=SIMPLE_HEAD, padding=0, show_edge=False)
    for head in heads:
        empty.add_column(head, overflow="fold")
    for head in numbers:
        empty.add_column(head, justify="right", no_wrap=True)
    return empty


def fit_columns(
    columns: Mapping[str, Sequence[str]], least: Mapping[str, int], width: int, drop: Sequence[str]
) -> dict[str, int]:
    """Choose the columns that there is room for, and their widths.

    Args:
        columns: the cells under each head, whose lines are told apart by line breaks.
        least: letters that a column can be folded to; the others take what they need.
        width: letters in a line.
        drop: heads that can be left out, the first one first.
    """
    widths = {
        head: max(cell_len(line) for cell in (head, *cells) for line in cell.split("\n"))
        for head, cells in columns.items()
    }
    for head in drop:
        if sum(min(needed, least.get(each, needed)) for each, needed in widths.items()) + len(widths) - 1 <= width:
            break
        widths.pop(head, None)
    for head in least:
        spare = width - sum(widths.values()) - len(widths) + 1
        if head in widths and spare < 0:
            widths[head] = max(widths[head] + spare, min(widths[head], least[head]))
    return widths


def score_column(label: str, short: str, scores: "Sequence[Score | None]") -> tuple[str, list[str]]:
    """Make a head and a cell for each score; where they are of several kinds each cell says which, else the head.

    A score of validation that was measured on the test set is marked; see `footnote`.
    """
    kinds = {score.metric for score in scores if score}
    if len(kinds) != 1:
        return label, ["" if score is None else f"{short_label_of(score.metric)} {_marked(score)}" for score in scores]
    return f"{short}\n{short_label_of(kinds.pop())}", ["" if score is None else _marked(score) for score in scores]


def footnote(scores: "Sequence[Score | None]") -> str | None:
    """Say what the mark of a column of scores means, or None where it has none."""
    return f"{MARK} validated on the test set" if any(score.on_test for score in scores if score) else None


def _marked(score: "Score") -> str:
    return number(score.value) + (MARK if score.on_test else "")
