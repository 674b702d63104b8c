"""`deeplab evaluate`: how well a trained network does on a test set."""

from deeplab.cli.arguments import ConfigDir, Overrides, RunName, reading_files
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.tables import console, table
from deeplab.workflows.evaluate import evaluate as evaluate_run


@reading_files
def evaluate(run: RunName, overrides: Overrides = None, config_dir: ConfigDir = None) -> None:
    """Score a trained network on its own test set, or on another of the same shape and classes.

    deeplab evaluate latest dataset=npz dataset.path=new.npz
    """
    with interruptible("Interrupted before anything was logged."):
        found = evaluate_run(run, overrides or [], config_dir)
    screen = console()
    if found.accuracy is not None:
        rows = table(None, ("class",), ("rows", "right", "accuracy", "95 %"))
        for name, each in (*found.classes.items(), ("all", found.accuracy)):
            value = "" if not each.rows else f"{each.value:.4f}"
            between = "" if not each.rows else f"{each.low:.4f} to {each.high:.4f}"
            style = "bold" if each is found.accuracy else ""
            rows.add_row(name, f"{each.rows:,}", f"{each.right:,}", value, between, style=style)
        screen.print(rows)
    own = "its own test set" if found.is_own else "not the data it was trained and tested on"
    scores = [f"{name} {value:.4f}" for name, value in found.scores.items()]
    if found.accuracy is not None:
        scores.append(f"95 % interval {found.accuracy.low:.4f} to {found.accuracy.high:.4f}")
    screen.print(f"run {found.trained.name} on {found.dataset} ({own}): {', '.join(scores)}", soft_wrap=True)
    screen.print(f"evaluation {found.run_id}", soft_wrap=True)
