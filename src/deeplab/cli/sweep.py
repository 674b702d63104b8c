"""`deeplab sweep`: every combination of several values, each several times."""

from typing import Annotated

import typer

from deeplab.cli.options import ConfigDir, Overrides
from deeplab.config.errors import Interrupted, RunError, exit_status


def sweep(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; train nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Train even more than 10,000 trials.")] = False,
    search: Annotated[
        str | None, typer.Option("--search", metavar="tpe|random", help="Search instead of training every point.")
    ] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="With --search: how many trials in all.")] = None,
) -> None:
    """Train every point of a grid, each with several seeds, and compare them.

    deeplab sweep l2=1e-6,1e-4,1e-3 replicates=3 model=mlp_64_64

    The same command again trains only what is missing. Optuna searches where there are too many points:

    deeplab sweep --search tpe --trials 30 "l2=interval(1e-6,1e-2)" model=mlp_64_64
    """
    if search is not None or trials is not None:
        from deeplab.cli.search import search_sweep

        search_sweep(overrides or [], config_dir, search, trials, dry_run, fresh, yes)
        return
    from deeplab.sweep.plan import plan_sweep

    try:
        plan = plan_sweep(overrides or [], config_dir, yes)
        # Here, because what follows imports MLflow.
        from deeplab.cli.sweep_progress import sweep_progress
        from deeplab.cli.sweep_results import show_plan, show_sweep
        from deeplab.sweep.check import checked_plan
        from deeplab.sweep.run import run_sweep

        plan = checked_plan(plan)
        if dry_run:
            show_plan(plan)
            return
        with sweep_progress() as observer:
            result = run_sweep(plan, observer, fresh)
    except KeyboardInterrupt as interrupt:
        raise Interrupted("Interrupted before the sweep began; nothing was started.", exit_status(interrupt)) from None
    show_sweep(result)
    if result.failed:
        name, why = next(iter(result.failed.items()))
        raise RunError(f"{len(result.failed)} of {len(plan.trials)} trials failed, the first '{name}': {why}")
