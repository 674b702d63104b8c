"""`deeplab decide`: as many trainings as it takes to know."""

from typing import Annotated

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, Overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.decision import show_decision, show_forecast
from deeplab.cli.terminal.sweep_result import shown
from deeplab.study.points import points_of_studies
from deeplab.sweep.decision.forecast import forecast
from deeplab.sweep.decision.plan import Budget, checked_decision, plan_decision
from deeplab.sweep.decision.source import run_decision
from deeplab.tracking.store import open_if_there

UNDECIDED = 3


@reading_files
@running_code
def decide(
    overrides: Overrides = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="The largest difference that does not matter, in the unit of the metric."),
    ] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Begin no training after so many hours.")] = None,
    max_replicates: Annotated[
        int | None, typer.Option("--max-replicates", help="At most so many seeds of a point; 100 if not given.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="POINT", help="Hold all points against this one instead of the best."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it may take, told from finished runs; train nothing.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Train points with more and more common seeds until it is known which is better, or that they are equal.

    deeplab decide model=dense_relu,dense_linear --margin 0.002 --hours 2

    Each round adds a seed only where the answer is still open; the intervals stay valid although they are looked at
    after every seed. The same command again goes on, with more budget or another margin. FOLDER:ENTRY is an entry of a
    study, FOLDER all of them.

    Status 0: every pair is decided. 3: something is undecided. 1: a training failed.
    """
    with interruptible("Interrupted before the decision began; nothing was started."):
        plan = checked_decision(
            plan_decision(
                overrides or [], config_dir, margin, against, Budget(hours, max_replicates), points_of_studies
            )
        )
        if dry_run:
            show_forecast(plan, forecast(open_if_there(plan.sweep.run.config.tracking), plan))
            return
        with shown(as_json) as observer:
            result = run_decision(plan, observer, fresh)
    show_decision(result, as_json)
    result.check()
    if not result.summary.is_decided:
        raise typer.Exit(UNDECIDED)
