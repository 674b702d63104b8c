"""`deeplab verify`: whether runs are what their configurations give."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, StoreOverrides, check_store_overrides, reading_files, running_code, words
from deeplab.cli.completion import complete_run
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.verification import show_run, show_verification
from deeplab.config.tracking import tracking_config
from deeplab.runs.to_verify import pack_or_store, share_of

STATUS = {"different": 1, "unchecked": 3}


@running_code
@reading_files
def verify(
    what: Annotated[
        str, words("FILE.zip|RUN", "A file of 'deeplab pack', or a run or sweep of the store.", complete_run)
    ],
    overrides: StoreOverrides = None,
    spot: Annotated[
        str, typer.Option("--spot", metavar="SHARE", help="How much of all epochs is trained again: 5%, 100%, 0.")
    ] = "5%",
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Draw the stretches from this number; from none that is known if not given."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="PATH", help="Where the data are on this machine.")
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Check finished runs: files against each other, scores of the networks, stretches of the training itself.

    deeplab verify mine.zip --spot 5%

    Status 0: identical to the bit, or within rounding. 1: something is different. 3: something could not be checked.
    """
    share, number = share_of(spot, "--spot "), secrets.randbelow(2**32) if seed is None else seed
    tracking = tracking_config(check_store_overrides(overrides or [], "verify"), config_dir)
    # Here, because it imports what trains.
    from deeplab.study.verify import with_results
    from deeplab.workflows.verify.verify import verify as verify_runs

    def unpacked() -> None:
        console().print(f"{what}: every file is the one that its manifest names", soft_wrap=True)

    with (
        interruptible("Interrupted; nothing was written."),
        pack_or_store(what, tracking, unpacked) as (store, runs, study),
    ):
        done = with_results(verify_runs(store, runs, share, number, data, show_run), store, runs, study)
    show_verification(done, what)
    if done.outcome in STATUS:
        raise typer.Exit(STATUS[done.outcome])
