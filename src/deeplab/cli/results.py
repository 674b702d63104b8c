"""What is shown of a finished run."""

import shlex

from deeplab.cli.tables import console, table
from deeplab.runs.train import RunResult
from deeplab.tracking.store import Place, locate, shown


def show_result(result: RunResult) -> None:
    """Print the scores, the run's id and how to see more."""
    rows = table(result.name, ("",), list(result.scores))
    last = result.history.epochs[-1].metrics
    for data, label in (("train", "training, last epoch"), ("val", "validation, last epoch")):
        if f"{data}/loss" in last:
            found = [last.get(f"{data}/{name}") for name in result.scores]
            rows.add_row(label, *("" if value is None else f"{value:.4f}" for value in found))
    rows.add_row("test", *(f"{value:.4f}" for value in result.scores.values()), style="bold")
    screen = console()
    screen.print(rows)
    screen.print(f"run {result.run_id} in {result.seconds:.0f} s", soft_wrap=True)
    screen.print(f"store {shown(result.place.uri)}", soft_wrap=True)
    screen.print(f"See its curves, figures and model: {ui_command(result.place)}", soft_wrap=True)


def ui_command(place: Place) -> str:
    """The command that opens the store, as it must be typed in the working directory."""
    if place.uri == locate(None).uri:
        return "deeplab ui"
    return f"deeplab ui {shlex.quote(f'tracking.uri={shown(place.uri)}')}"
