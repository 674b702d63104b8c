"""`deeplab compare`: several runs side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deeplab.choice import ON_TEST
from deeplab.cli.arguments import ConfigDir, RunArguments, reading_files
from deeplab.cli.lookup import named_runs
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.tables import console, footnote, score_column, table
from deeplab.cli.terminal.text import duration, print_line
from deeplab.errors import UserError
from deeplab.report.page import Table, Text
from deeplab.runs.compare import RunCurves, differences, with_curves
from deeplab.runs.summary import best

MOST_IDS = 4


@reading_files
def compare(
    runs: RunArguments,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.png", help="Where the curves go; here, named for the runs, if not given."),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Show in what runs differ and what they reached, and draw all their curves in one picture.

    deeplab compare best:model=cnn best:model=cnn_dropout --out dropout.png
    """
    if out is not None and (out.suffix.lower() != ".png" or not out.absolute().parent.is_dir()):
        raise UserError(f"--out {out}: must be a file NAME.png in a folder that is there.")
    store, chosen = named_runs(runs, config_dir)
    if len(chosen) < 2:
        raise UserError(f"Name two runs or more; {chosen[0].name} is one. To look at it: deeplab show {runs[0]}")
    compared = with_curves(store, chosen)
    _print_differences(differences(chosen), compared)
    _print_scores(compared)
    _draw(compared, out)


def _print_differences(differing: dict[str, list[str]], compared: Sequence[RunCurves]) -> None:
    head = ("configuration", *(f"run {number + 1}" for number in range(len(compared))))
    rows = tuple((key, *values) for key, values in differing.items())
    same = Text("Their configurations are the same.")
    print_parts((Table("", head, rows) if differing else same,), most=None)


def _print_scores(compared: Sequence[RunCurves]) -> None:
    validations, tests = [each.row.validation for each in compared], [each.row.test for each in compared]
    heads = [score_column("validation", "val", validations), score_column("test", "test", tests)]
    shown = table()
    shown.add_column("run", justify="right")
    shown.add_column("id", no_wrap=True)
    shown.add_column("name", overflow="fold")
    for head in ("epochs", heads[0][0], heads[1][0], "seconds\nan epoch", "time"):
        shown.add_column(head, justify="right", no_wrap=True)
    chosen = best(validations)
    for number, each in enumerate(compared):
        seconds = "" if each.epoch_seconds is None else f"{each.epoch_seconds:.2f}"
        time = "" if each.row.seconds is None else duration(each.row.seconds)
        epochs = "" if each.row.epochs is None else str(each.row.epochs)
        cells = [epochs, heads[0][1][number], heads[1][1][number], seconds, time]
        shown.add_row(str(number + 1), each.row.id[:8], each.row.name, *cells, style="bold" if number == chosen else "")
    screen = console()
    screen.print()
    screen.print(shown)
    remark = footnote(validations)
    if remark is not None:
        winner = None if chosen is None else validations[chosen]
        left_out = ", and left out of the best" if winner and not winner.on_test else ""
        screen.print(remark + left_out, soft_wrap=True)
        if winner and winner.on_test:
            screen.print(f"The best is bold. {ON_TEST}", soft_wrap=True)


def _draw(compared: Sequence[RunCurves], out: Path | None) -> None:
    # Here, because they import Matplotlib.
    from deeplab.plots.run.compared_curves import draw
    from deeplab.plots.style import to_png

    histories = {
        f"{number + 1} {each.row.name} ({each.row.id[:8]})": each.curves for number, each in enumerate(compared)
    }
    if not any(histories.values()):
        print("None of them has curves to draw.")
        return
    ids = [each.row.id[:8] for each in compared]
    more = [f"and-{len(ids) - MOST_IDS}-more"] if len(ids) > MOST_IDS else []
    path = out or Path("-".join(["compare", *ids[:MOST_IDS], *more]) + ".png")
    try:
        path.write_bytes(to_png(draw(histories)))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}). Give another place with --out.") from error
    print_line(f"curves {path}")
