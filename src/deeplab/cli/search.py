"""`deeplab sweep --search`: trials drawn by Optuna instead of the points of a grid."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deeplab.config.choice import ON_TEST
from deeplab.config.errors import Interrupted, RunError, UserError, exit_status

if TYPE_CHECKING:
    from deeplab.sweep.search import SearchResult
    from deeplab.sweep.space import Search

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
    from deeplab.sweep.space import checked_search, plan_search

    if kind is None:
        raise UserError("--trials goes with --search tpe or --search random; a grid has as many as it has points.")
    if trials is None:
        raise UserError(f"--search {kind} needs to know how many trials there are to be: --trials 30")
    try:
        search = plan_search(overrides, config_dir, kind, trials, yes)
        search = checked_search(search)
        if dry_run:
            _show_space(search)
            return
        # Here, because they import MLflow and Optuna.
        from deeplab.cli.sweep_progress import sweep_progress
        from deeplab.sweep.search import run_search

        with sweep_progress() as observer:
            result = run_search(search, observer, fresh)
    except KeyboardInterrupt as interrupt:
        raise Interrupted("Interrupted before the search began; nothing was started.", exit_status(interrupt)) from None
    _show_search(result)
    if result.failed:
        name, why = next(iter(result.failed.items()))
        raise RunError(f"{len(result.failed)} trials failed, the first '{name}': {why}")


def _show_space(search: "Search") -> None:
    from deeplab.cli.tables import console, table
    from deeplab.sweep.space import space_text

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
    from deeplab.cli.results import ui_command
    from deeplab.cli.sweep_results import SHORT, against_reference
    from deeplab.cli.tables import console, table
    from deeplab.cli.times import duration
    from deeplab.tracking.store import shown

    screen, search, best = console(), result.search, result.best
    metric = search.config.sweep.metric
    finished = [trial for trial in result.drawn if trial.state == "COMPLETE" and trial.value is not None]
    finished.sort(key=lambda trial: trial.value or 0.0, reverse=metric.endswith("accuracy"))
    keys = [axis.key.rpartition(".")[2] for axis in search.grid.axes]
    rows = table(search.name, keys, (SHORT[metric], "trial", "run"))
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
            screen.print(against_reference(reference, metric, best.value), soft_wrap=True)
        own = [text for text in search.grid.common if text.partition("=")[0].split(".")[0] not in ("sweep", "launcher")]
        screen.print(f"To train it again: deeplab train {shlex.join(own)} {settings}", soft_wrap=True)
        if search.on_test:
            screen.print(ON_TEST, soft_wrap=True)
    screen.print(f"search {result.run_id} in {duration(result.seconds)}", soft_wrap=True)
    screen.print(f"store {shown(result.place.uri)}", soft_wrap=True)
    screen.print(f"See its figure and trials: {ui_command(result.place)}", soft_wrap=True)
