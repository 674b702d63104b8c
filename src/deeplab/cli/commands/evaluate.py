"""`deeplab evaluate`: how well a trained network does on a test set."""

from deeplab.cli.arguments import ConfigDir, Overrides, RunName, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.tables import console
from deeplab.report.page import Table
from deeplab.workflows.evaluate import evaluate as evaluate_run


@reading_files
@running_code
def evaluate(run: RunName, overrides: Overrides = None, config_dir: ConfigDir = None) -> None:
    """Score a trained network on its own test set, or on another of the same shape and classes.

    deeplab evaluate latest dataset=npz dataset.path=new.npz
    """
    with interruptible("Interrupted before anything was logged."):
        result = evaluate_run(run, overrides or [], config_dir)
    screen = console()
    if result.accuracy is not None:
        rows = tuple(
            (
                name,
                each.rows,
                each.right,
                *((each.value, f"{each.low:.4f} to {each.high:.4f}") if each.rows else ("", "")),
                *more,
            )
            for name, each, *more in (
                *((name, of.recall, of.precision.value, of.f1) for name, of in result.classes.items()),
                ("all", result.accuracy, "", ""),
            )
        )
        head = ("class", "rows", "right", "accuracy", "95 %", "precision", "F1")
        print_parts((Table("", head, rows, marked=len(rows) - 1),))
    own = "its own test set" if result.is_own else "not the data it was trained and tested on"
    scores = {name: f"{name} {value:.4f}" for name, value in result.scores.items()}
    if result.accuracy is not None:
        scores["accuracy"] += f", 95 % interval {result.accuracy.low:.4f} to {result.accuracy.high:.4f}"
    screen.print(f"run {result.trained.name} on {result.dataset} ({own}): {', '.join(scores.values())}", soft_wrap=True)
    screen.print(f"evaluation {result.run_id}", soft_wrap=True)
