"""`deeplab train`: one run."""

from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, Overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.dry_run import show_dry_run
from deeplab.cli.terminal.results import show_result
from deeplab.cli.terminal.training_progress import progress
from deeplab.config.compose import compose_sweep
from deeplab.errors import UserError
from deeplab.workflows.resume import find_resume_point
from deeplab.workflows.train import train as train_run


@reading_files
@running_code
def train(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the configuration and the network; train nothing.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume", metavar="RUN", help="Go on with a run: an id, the beginning of one, a name, or latest."
        ),
    ] = None,
) -> None:
    """Train a network and log the run.

    deeplab train model=cnn_dropout dataset=mnist training.epochs=3
    """
    with interruptible("Interrupted before the training began; there is no run."):
        asked = compose_sweep(overrides or [], config_dir)
        if asked.replicates > 1 or asked.comparison.grid:
            raise UserError(
                "This asks for several runs (replicates, sweep.grid), and 'deeplab train' makes one: deeplab sweep"
            )
        if dry_run:
            show_dry_run(asked.run)
            return
        with progress() as observer:
            if resume is None:
                result = train_run(asked.run, [observer])
            else:
                resume_point = find_resume_point(resume, overrides or [], config_dir)
                result = train_run(resume_point.composed, [observer], resume_point)
    show_result(result)
