"""`deeplab reproduce`: whether a run comes out the same again."""

import typer

from deeplab.cli.options import ConfigDir, RunName, StoreOverrides, check_store_overrides
from deeplab.config.errors import Interrupted, exit_status


def reproduce(run: RunName, overrides: StoreOverrides = None, config_dir: ConfigDir = None) -> None:
    """Do a run again and compare; status 0 for the same result, 1 for another.

    deeplab reproduce latest
    """
    from deeplab.config.compose import compose

    tracking = compose(check_store_overrides(overrides or [], "reproduce"), config_dir).config.tracking
    try:
        # Here, because what follows imports NumPy, MLflow and TensorFlow.
        from deeplab.cli.progress import progress
        from deeplab.cli.reproductions import show_reproduction
        from deeplab.runs.reproduce import reproduce as reproduce_run
        from deeplab.tracking.store import open_existing

        with progress() as observer:
            done = reproduce_run(open_existing(tracking), tracking.experiment, run, [observer])
    except KeyboardInterrupt as interrupt:
        raise Interrupted("Interrupted before the training began; there is no run.", exit_status(interrupt)) from None
    show_reproduction(done)
    if done.verdict == "different":
        raise typer.Exit(1)
