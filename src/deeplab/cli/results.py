"""What is shown of a finished run."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deeplab.runs.train import RunResult
from deeplab.tracking.store import Place, locate, shown


def show_result(result: RunResult) -> None:
    """Print the scores, the run's id and how to see more."""
    table = Table("", title=Text(result.name), title_justify="left")
    table.add_column("loss", justify="right")
    table.add_column("accuracy", justify="right")
    last = result.history.epochs[-1].metrics
    for data, label in (("train", "training, last epoch"), ("val", "validation, last epoch")):
        if f"{data}/loss" in last:
            table.add_row(label, f"{last[f'{data}/loss']:.4f}", f"{last[f'{data}/accuracy']:.4f}")
    table.add_row("test", f"{result.scores.loss:.4f}", f"{result.scores.accuracy:.4f}", style="bold")
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"run {result.run_id} in {result.seconds:.0f} s", soft_wrap=True)
    console.print(f"store {shown(result.place.uri)}", soft_wrap=True)
    console.print(f"See its curves, figures and model: {ui_command(result.place)}", soft_wrap=True)


def ui_command(place: Place) -> str:
    """The command that opens the store, as it must be typed in the working directory."""
    if place.uri == locate(None).uri:
        return "deeplab ui"
    return f"deeplab ui tracking.uri={shown(place.uri)}"
