"""`deeplab sweep`: every combination of several values, each several times."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deeplab.choice import ON_TEST
from deeplab.cli.arguments import ConfigDir, Overrides, reading_files
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.results import show_plan, show_sweep, ui_command
from deeplab.cli.terminal.sweep_progress import sweep_progress
from deeplab.cli.terminal.tables import console, table
from deeplab.cli.terminal.text import duration
from deeplab.errors import RunError, UserError
from deeplab.metrics import against, metric_of
from deeplab.sweep.check import checked_plan
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.run import run_sweep
from deeplab.sweep.search.plan import SearchPlan, checked_search, plan_search, space_text
from deeplab.tracking.location import redact_password

if TYPE_CHECKING:
    from deeplab.sweep.search.run import SearchResult


@reading_files
def sweep(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; train nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Train even more than 10,000 trials.")] = False,
    search: Annotated[
        str | None, typer.Option("--search", metavar="tpe|random", help="SearchPlan instead of training every point.")
    ] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="With --search: how many trials in all.")] = None,
) -> None:
    """Train every point of a grid, each with several seeds, and compare them.

    deeplab sweep l2=1e-6,1e-4,1e-3 replicates=3 model=mlp_64_64

    The same command again trains only what is missing. Optuna searches where there are too many points:

    deeplab sweep --search tpe --trials 30 "l2=interval(1e-6,1e-2)" model=mlp_64_64
    """
    if search is not None or trials is not None:
        search_sweep(overrides or [], config_dir, search, trials, dry_run, fresh, yes)
        return
    with interruptible("Interrupted before the sweep began; nothing was started."):
        plan = checked_plan(plan_sweep(overrides or [], config_dir, yes))
        if dry_run:
            show_plan(plan)
            return
        with sweep_progress() as observer:
            result = run_sweep(plan, observer, fresh)
    show_sweep(result)
    if result.failed:
        name, why = next(iter(result.failed.items()))
        raise RunError(f"{len(result.failed)} of {len(plan.trials)} trials failed, the first '{name}': {why}")


MOST_ROWS = 10


def search_sweep(
    overrides: Sequence[str],
    config_dir: Path | None,
    kind: str | None,
    trials: int | None,
    dry_run: bool,
    fresh: bool,
    yes: bool,
) -> None:
    """Search, and show what was found; the arguments are those of `deeplab sweep`."""
    if kind is None:
        raise UserError("--trials goes with --search tpe or --search random; a grid has as many as it has points.")
    if trials is None:
        raise UserError(f"--search {kind} needs to know how many trials there are to be: --trials 30")
    with interruptible("Interrupted before the search began; nothing was started."):
        search = checked_search(plan_search(overrides, config_dir, kind, trials, yes))
        if dry_run:
            _show_space(search)
            return
        from deeplab.sweep.search.run import run_search  # here, because it imports Optuna

        with sweep_progress() as observer:
            result = run_search(search, observer, fresh)
    _show_search(result)
    if result.failed:
        name, why = next(iter(result.failed.items()))
        raise RunError(f"{len(result.failed)} trials failed, the first '{name}': {why}")


def _show_space(search: SearchPlan) -> None:
    rows = table(search.name, ("key", "drawn from"))
    for axis in search.grid.axes:
        rows.add_row(axis.key, space_text(axis))
    screen = console()
    screen.print(rows)
    screen.print(f"{search.name}: {search.size}. Nothing was trained.", soft_wrap=True)
    if search.on_test:
        screen.print("It would choose on the test set; validation=tail holds training rows out for it.", soft_wrap=True)


def _show_search(result: "SearchResult") -> None:
    """Print the best trials, how to train the best one again, and where to see more."""
    screen, search, best = console(), result.search, result.best
    metric = search.config.sweep.metric
    finished = [trial for trial in result.drawn if trial.state == "COMPLETE" and trial.value is not None]
    finished.sort(key=lambda trial: trial.value or 0.0, reverse=metric_of(metric).higher_is_better)
    keys = [axis.key.rpartition(".")[2] for axis in search.grid.axes]
    rows = table(search.name, keys, (metric_of(metric).short_label, "trial", "run"))
    for trial in finished[:MOST_ROWS]:
        cells = (f"{trial.value:.4f}", str(trial.number), trial.run_id[:8])
        rows.add_row(*trial.settings.values(), *cells, style="bold" if trial is best else "")
    screen.print(rows)
    pruned = sum(trial.state == "PRUNED" for trial in result.drawn)
    screen.print(f"{len(finished)} trials finished, {pruned} were pruned", soft_wrap=True)
    if best is None:
        screen.print("No trial is finished.")
    else:
        settings = shlex.join(f"{key}={value}" for key, value in best.settings.items())
        reference = search.config.sweep.reference
        screen.print(f"best {metric}: {best.value:.4f} with {settings}", soft_wrap=True)
        if reference is not None and best.value is not None:
            screen.print(against(reference.label, reference.value, metric, best.value), soft_wrap=True)
        own = [text for text in search.grid.common if text.partition("=")[0].split(".")[0] not in ("sweep", "launcher")]
        screen.print(f"To train it again: deeplab train {shlex.join(own)} {settings}", soft_wrap=True)
        if search.on_test:
            screen.print(ON_TEST, soft_wrap=True)
    screen.print(f"search {result.run_id} in {duration(result.seconds)}", soft_wrap=True)
    screen.print(f"store {redact_password(result.place.uri)}", soft_wrap=True)
    screen.print(f"See its figure and trials: {ui_command(result.place)}", soft_wrap=True)
