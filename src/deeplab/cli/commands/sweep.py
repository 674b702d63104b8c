"""`deeplab sweep`: every combination of several values, each several times."""

from typing import Annotated, Any

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, Overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.results import show_plan, show_sweep
from deeplab.cli.terminal.search_result import show_search, show_space
from deeplab.cli.terminal.sweep_result import show_confirmation, shown, sweep_json
from deeplab.cli.terminal.tables import console
from deeplab.sweep.budget import Budget
from deeplab.sweep.check import checked_plan
from deeplab.sweep.confirm import check_confirmable, run_confirmation
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.run import SweepResult, run_sweep
from deeplab.sweep.search.plan import checked_search, plan_search


@reading_files
@running_code
def sweep(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; train nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Train even more than 10,000 trials.")] = False,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="tpe|random|hyperband|asha", help="Search instead of training every point."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", help="End with so many trials in all, of a grid as of a search.")
    ] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Begin no training after so many hours.")] = None,
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm", metavar="SEEDS", help="Then train the best point and the runner-up again, with fresh seeds."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train every point of a grid, each with several seeds, and compare them.

    deeplab sweep l2=1e-6,1e-4,1e-3 replicates=3 model=mlp_64_64

    The same command again trains only what is missing. Optuna searches where there are too many points:

    deeplab sweep --search tpe --trials 30 "l2=interval(1e-6,1e-2)" model=mlp_64_64

    With --hours or --trials a grid trains replicate 1 of every point first, then 2, so that what is ended is fair; the
    same command goes on, for as many hours again.

    With replicates, a trial is the mean of several trainings; the first of them alone decides whether it is pruned.

    The best of many is rather too good: --confirm 5 trains it and the runner-up again with five fresh seeds.
    """
    budget = Budget(hours, trials)
    noun = "sweep" if search is None else "search"
    with interruptible(f"Interrupted before the {noun} began; nothing was started."):
        if search is None:
            planned = plan_sweep(overrides or [], config_dir, yes)
            check_confirmable(confirm, planned)
            plan = checked_plan(planned)
            if dry_run:
                show_plan(plan)
                return
            with shown(as_json) as observer:
                result: SweepResult[Any, Any] = run_sweep(plan, observer, fresh, budget)
        else:
            asked = plan_search(overrides or [], config_dir, search, budget, yes)
            check_confirmable(confirm, asked)
            searched = checked_search(asked)
            if dry_run:
                show_space(searched)
                return
            from deeplab.sweep.search.choose import run_search  # here, because it imports Optuna

            with shown(as_json) as observer:
                result = run_search(searched, observer, fresh)
    if not as_json:
        (show_sweep if search is None else show_search)(result)
        if result.ended:
            console().print(result.ended, soft_wrap=True)
            if confirm is not None:
                console().print("The best of a part is not the best yet: --confirm follows when the rest is trained.")
    _check_finished(result, as_json)
    confirmed = None
    if confirm is not None and not result.ended:
        with shown(as_json) as observer:
            confirmed = run_confirmation(result, confirm, config_dir, observer)
    if as_json:
        print(sweep_json(result, confirmed))
    elif confirmed is not None:
        show_confirmation(confirmed)
    if confirmed is not None:
        _check_finished(confirmed, as_json=False)


def _check_finished(result: "SweepResult[Any, Any]", as_json: bool) -> None:
    """Raise where trials failed; other programs are told first what there is."""
    if result.failed and as_json:
        print(sweep_json(result, None))
    result.check()
