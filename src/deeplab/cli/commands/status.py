"""`deeplab status`: how sweeps stand, for a second terminal."""

import time
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, reading_files, split
from deeplab.cli.lookup import open_store_fast
from deeplab.cli.terminal.tables import console, table
from deeplab.cli.terminal.text import duration
from deeplab.errors import UserError
from deeplab.sweep.status import find_sweep_run, sweep_status, sweeps, trial_statuses
from deeplab.tracking.tags import BUDGET_TAG

Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SWEEP] [OVERRIDES]...",
        help="A sweep: an id, the beginning of one, a name, or latest; tracking.uri=... for another store.",
        show_default=False,
    ),
]


@reading_files
def status(arguments: Arguments = None, config_dir: ConfigDir = None) -> None:
    """Show how the newest sweeps stand, or the trials of one."""
    names, overrides = split(arguments or [])
    if len(names) > 1:
        raise UserError(f"One sweep at a time, got {', '.join(names)}.")
    store = open_store_fast(overrides, config_dir)
    run = find_sweep_run(store, names[0]) if names else None
    statuses = sweeps(store) if run is None else [sweep_status(store, run)]
    if not statuses:
        print("no sweep yet")
        return
    screen = console()
    rows = table(None, ("sweep", "name", "status", "finished"), ("running", "failed", "left", "began"))
    for each in statuses:
        finished, running, failed, pruned = (
            each.counts.get(status, 0) for status in ("FINISHED", "RUNNING", "FAILED", "PRUNED")
        )
        done = f"{finished} of {each.trials}" + (f", {pruned} pruned" if pruned else "")
        counts = (done, str(running), str(failed), str(each.left))
        age = f"{duration(time.time() - each.run.started_ms / 1000)} ago"
        rows.add_row(each.run.short_id, each.run.name, each.run.shown_status, *counts, age)
    screen.print(rows)
    for each in statuses:
        if ended := each.run.tags.get(BUDGET_TAG):
            screen.print(f"{each.run.short_id}: {ended}", soft_wrap=True)
    if run is None:
        return
    trials = table(None, ("trial", "name", "status"), ("epoch", "val", "last sign of life"))
    for trial in trial_statuses(store, run):
        score = "" if trial.score is None else f"{trial.score:.4f}"
        run = trial.run
        alive = f"{duration(run.heartbeat_age)} ago" if run.status == "RUNNING" else ""
        trials.add_row(run.short_id, run.name, run.shown_status, f"{trial.epoch}/{trial.epochs}", score, alive)
    print()
    screen.print(trials)
