"""`deeplab verify`: whether runs are what their configurations give."""

import re
import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, StoreOverrides, check_store_overrides, reading_files, words
from deeplab.cli.completion import complete_run
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.verification import show_run, show_verification
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.runs.pack import together, unpack
from deeplab.runs.pack_file import open_pack
from deeplab.tracking.find import find_run
from deeplab.tracking.store import open_store, open_to_read

STATUS = {"different": 1, "unchecked": 3}


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
    share, number = _share(spot), secrets.randbelow(2**32) if seed is None else seed
    tracking = tracking_config(check_store_overrides(overrides or [], "verify"), config_dir)
    # Here, because it imports what trains.
    from deeplab.workflows.verify.verify import verify as verify_runs

    with interruptible("Interrupted; nothing was written."), tempfile.TemporaryDirectory() as scratch:
        if Path(what).suffix == ".zip":
            with open_pack(what) as reader:
                tracking = type(tracking)(f"sqlite:///{scratch}/mlflow.db", "deeplab", "all", "all")
                unpack(reader, tracking)
                console().print(f"{what}: every file is the one that its manifest names", soft_wrap=True)
                asked = reader.manifest.runs
            store = open_store(tracking)
            runs = [find_run(store, run_id) for run_id in asked]
        else:
            store = open_to_read(tracking)
            runs = together(store, [find_run(store, what)])
        done = verify_runs(store, runs, share, number, data, show_run)
    show_verification(done, what)
    if done.outcome in STATUS:
        raise typer.Exit(STATUS[done.outcome])


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(%?)", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 <= share <= 1:
        raise UserError(f"--spot {text}: give a share of all epochs, from 0 to 1 or 0% to 100%.")
    return share
