"""`deeplab why`: what each difference between two configurations brings."""

from typing import Annotated

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, Overrides, reading_files, running_code, words
from deeplab.cli.completion import complete_run
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.sweep_result import shown
from deeplab.cli.terminal.why import show_differences, show_explanation
from deeplab.sweep.why.plan import ORDERS, plan_why
from deeplab.sweep.why.source import checked_why, run_why

UNDECIDED = 3
SIDE = "A run, or overrides in one text: 'model=cnn l2=1e-4'."


@reading_files
@running_code
def why(
    first: Annotated[str, words("A", SIDE, complete_run)],
    second: Annotated[str, words("B", SIDE, complete_run)],
    overrides: Overrides = None,
    orders: Annotated[
        int, typer.Option("--orders", help="Orders that are drawn where A and B differ in more than four things.")
    ] = ORDERS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what differs; train nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Train even more than 10,000 trials.")] = False,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Train what lies between two configurations, and tell what each difference between them brings.

    deeplab why model=cnn "model=cnn_dropout optimizer=adam" replicates=5

    All combinations of up to four differences are trained with common seeds; of more, those on some ways from A to B.
    The same command again trains only what is missing.

    Status 0: it is known of every difference what it does. 3: something is undecided. 1: a training failed.
    """
    with interruptible("Interrupted before anything was trained; nothing was started."):
        plan = checked_why(plan_why(first, second, overrides or [], config_dir, orders, yes))
        if dry_run:
            show_differences(plan)
            return
        with shown(as_json) as observer:
            result = run_why(plan, observer, fresh)
    show_explanation(result, as_json)
    result.check()
    if any(share.verdict == "undecided" for share in result.summary.shares):
        raise typer.Exit(UNDECIDED)
