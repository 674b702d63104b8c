"""`deeplab curves`: learning curves in the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from deeplab.cli.arguments import ConfigDir, RunArguments, reading_files
from deeplab.cli.lookup import named_runs
from deeplab.cli.terminal.chart import Line, chart
from deeplab.cli.terminal.tables import console
from deeplab.errors import UserError
from deeplab.metrics import in_order
from deeplab.runs.compare import RunCurves, with_curves
from deeplab.visible import visible_line

COLOURS = ("blue", "red", "green", "magenta", "yellow", "cyan")
DATA = {"train": "training", "val": "validation"}
SIDE_BY_SIDE = 100  # letters from which two charts lie in a row
WIDEST = 76
LOWEST, HIGHEST = 6, 14
AROUND = 5  # rows of a chart that are no lines, and of the screen that belong to none


@reading_files
def curves(runs: RunArguments, config_dir: ConfigDir = None) -> None:
    """Draw the learning curves of runs here in the terminal.

    deeplab curves latest

    One run shows training and validation; several show validation, or training where nothing was held out.
    """
    store, chosen = named_runs(runs, config_dir)
    compared = [each for each in with_curves(store, chosen) if each.curves]
    if not compared:
        raise UserError(f"{' '.join(runs)}: there are no epochs yet to draw.")
    screen = console()
    metrics = {metric for each in compared for _, _, metric, _ in each.curves}
    panels = {metric: _lines(compared, metric) for metric in in_order(metrics)}
    across = 2 if screen.width >= SIDE_BY_SIDE and len(panels) > 1 else 1
    width = min((screen.width - 2 * (across - 1)) // across, WIDEST)
    rows = -(-len(panels) // across)
    height = max(LOWEST, min(HIGHEST, screen.height // rows - AROUND))
    drawn = [chart(metric, lines, width, height) for metric, lines in panels.items()]
    grid = Table.grid(padding=(0, 2, 1, 0), pad_edge=False)
    for start in range(0, len(drawn), across):
        grid.add_row(*drawn[start : start + across])
    screen.print(grid)
    _legend(compared)


def _lines(compared: Sequence[RunCurves], metric: str) -> list[Line]:
    lines = []
    for number, each in enumerate(compared):
        present = [data for data in DATA if any(point[2:] == (metric, data) for point in each.curves)]
        for data in present if len(compared) == 1 else present[-1:]:
            points = [(float(epoch), value) for epoch, value, *of in each.curves if of == [metric, data]]
            place = list(DATA).index(data) if len(compared) == 1 else number
            lines.append(Line(points, COLOURS[place % len(COLOURS)], _mark(compared, number, data)))
    return lines


def _legend(compared: Sequence[RunCurves]) -> None:
    screen = console()
    for number, each in enumerate(compared):
        present = [data for data in DATA if any(point[3] == data for point in each.curves)]
        name = f"{visible_line(each.row.name)} ({each.row.id[:8]})"
        if len(compared) > 1:
            mark = (_mark(compared, number, present[-1]), COLOURS[number % len(COLOURS)])
            screen.print(Text.assemble(mark, f" {name}, {DATA[present[-1]]}"), soft_wrap=True)
            continue
        text = Text(f"{name}: ")
        for data in present:
            colour = COLOURS[list(DATA).index(data)]
            text.append(_mark(compared, number, data), style=colour).append(f" {DATA[data]}  ")
        screen.print(text, soft_wrap=True)


def _mark(compared: Sequence[RunCurves], number: int, data: str) -> str:
    """Return the letter at the end of a line: t and v of one run, the run's number of several."""
    return data[0] if len(compared) == 1 else "123456789abcdefghijklmnopqrsuwxyz"[number % 33]
