"""`deeplab reproduce`: whether a run comes out the same again."""

import typer

from deeplab.cli.arguments import ConfigDir, RunName, StoreOverrides, check_store_overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.tables import console, table
from deeplab.cli.terminal.training_progress import progress
from deeplab.config.compose import compose
from deeplab.tracking.store import open_existing
from deeplab.workflows.reproduce import Reproduction
from deeplab.workflows.reproduce import reproduce as reproduce_run


@reading_files
@running_code
def reproduce(run: RunName, overrides: StoreOverrides = None, config_dir: ConfigDir = None) -> None:
    """Do a run again and compare; status 0 for the same result, 1 for another.

    deeplab reproduce latest
    """
    tracking = compose(check_store_overrides(overrides or [], "reproduce"), config_dir).config.tracking
    with interruptible("Interrupted before the training began; there is no run."), progress() as observer:
        done = reproduce_run(open_existing(tracking), tracking.experiment, run, [observer])
    show_reproduction(done)
    if done.verdict == "different":
        raise typer.Exit(1)


MOST_CHANGES = 12
VERDICTS = {
    "identical": "identical to the bit",
    "within": "within the 95 % prediction intervals of its replicates",
    "different": "different",
}


def show_reproduction(done: Reproduction) -> None:
    """Print both scores, what changed in between, and the verdict."""
    replicates = any(score.spread for score in done.scores)
    spread = ("replicates", "std", "n", "within ±") if replicates else ()
    rows = table(None, ("score",), ("before", "again", "difference", *spread))
    for score in done.scores:
        cells = [f"{score.before:.6f}", f"{score.again:.6f}", f"{score.again - score.before:+.1e}"]
        if score.spread:
            cells += [f"{score.spread.mean:.6f}", f"{score.spread.deviation:.6f}", str(score.spread.count)]
            cells.append(f"{score.interval:.6f}")
        rows.add_row(score.name, *cells)
    screen = console()
    screen.print(rows)
    words = {True: "the same to the bit", False: "not the same to the bit", None: "not kept, not compared"}
    lines = [f"{part}: {words[same]}" for part, same in done.same.items()]
    if done.changes:
        lines.append("since then changed:")
        lines += [f"  {change}" for change in done.changes[:MOST_CHANGES]]
        more = len(done.changes) - MOST_CHANGES
        lines += [f"  and {more} more (packages.txt of both runs has them)"] if more > 0 else []
    else:
        lines.append("nothing that is kept of a run has changed: data, commit, packages, device, threads, engine")
    lines.append(f"run {done.trained.name}, again {done.run_id}: {VERDICTS[done.verdict]}")
    for line in lines:
        screen.print(line, soft_wrap=True)
