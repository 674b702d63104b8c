"""What the commands share that look at runs: their arguments, and the store opened quickly."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deeplab.cli.completion import complete_run
from deeplab.cli.options import STORE_KEYS
from deeplab.config.errors import UserError

if TYPE_CHECKING:
    from mlflow.entities import Run

    from deeplab.tracking.store import Store

HELP = (
    "A run: an id, the beginning of one, a name, latest, or best:FILTER as in best:model=cnn6. "
    "tracking.uri=... for another store."
)

RunArguments = Annotated[
    list[str],
    typer.Argument(metavar="RUN... [OVERRIDES]...", help=HELP, autocompletion=complete_run, show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """What names runs, and what says where they are; the names of runs may hold an equals sign."""
    names = [word for word in words if not word.startswith(STORE_KEYS)]
    return names, [word for word in words if word.startswith(STORE_KEYS)]


def open_quickly(overrides: list[str], config_dir: Path | None) -> "Store":
    """Open the store that is there, for a command that looks something up and ends.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    # Nothing of what so short a process makes is worth collecting, and looking for it takes a third of its time.
    gc.disable()
    from deeplab.config.tracking import tracking_config
    from deeplab.tracking.store import open_to_read

    return open_to_read(tracking_config(overrides, config_dir))


def named_runs(words: list[str], config_dir: Path | None) -> "tuple[Store, list[Run]]":
    """The store and the runs that are meant, in the order they are named, each once.

    Raises:
        UserError: no run is named, there is no store, or no such run.
    """
    from deeplab.tracking.find import find_run

    names, overrides = split(words)
    if not names:
        raise UserError("Name a run: an id, the beginning of one, a name, latest, or best:FILTER.")
    store = open_quickly(overrides, config_dir)
    found = [find_run(store, name) for name in names]
    return store, list({run.info.run_id: run for run in found}.values())
