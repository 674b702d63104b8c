"""What a network said of the rows of a table, on a terminal and as plain values."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from deeplab.cli.terminal.tables import console, table
from deeplab.report.page import number
from deeplab.workflows.predict_table import TablePredictions

MOST_ROWS = 10
MOST_COLUMNS = 8


def show_predictions(said: TablePredictions, out: Path) -> None:
    """Print the first rows, and where all of them went."""
    words = ("predicted",) * bool(said.facts.info.num_classes)
    numbers = said.columns[len(words) :][:MOST_COLUMNS]
    rows = table(None, ("row", *words), numbers)
    for row, values in enumerate(islice(said.rows(), MOST_ROWS), 1):
        shown = (number(float(value)) for value in values[len(words) :][:MOST_COLUMNS])
        rows.add_row(str(row), *map(str, values[: len(words)]), *shown)
    screen = console()
    screen.print(rows)
    count = len(said.outputs)
    more = f", of which the first {MOST_ROWS} are shown" if count > MOST_ROWS else ""
    screen.print(f"run {said.trained.name}, trained on {said.facts.info.name}", soft_wrap=True)
    screen.print(f"predictions {out}: {count:,} row{'' if count == 1 else 's'}{more}", soft_wrap=True)


def as_values(said: TablePredictions, asked: Path, out: Path) -> dict[str, Any]:
    """Return everything as plain values, an entry for each row."""
    return {
        "run": said.trained.run.id,
        "name": said.trained.run.name,
        "dataset": said.facts.info.name,
        "table": str(asked),
        "rows": list(_rows(said)),
        "predictions": str(out),
    }


def _rows(said: TablePredictions) -> Iterator[dict[str, Any]]:
    for values in said.rows():
        yield {
            name: value if isinstance(value, str) else float(value)
            for name, value in zip(said.columns, values, strict=True)
        }
