"""Arguments that several commands share."""

import gc
import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deeplab.cli.completion import complete_override, complete_run
from deeplab.config.trust import trusting
from deeplab.errors import UserError
from deeplab.tracking.run import Run

if TYPE_CHECKING:
    from deeplab.tracking.store import Store


Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OVERRIDES]...",
        help="What differs from the defaults: model=cnn training.epochs=3. See 'deeplab list'.",
        autocompletion=complete_override,
        show_default=False,
    ),
]

ConfigDir = Annotated[
    Path | None,
    typer.Option("--config-dir", metavar="FOLDER", help="A conf/ folder of your own, looked into first."),
]

TrustConfig = Annotated[
    bool,
    typer.Option(
        "--trust-config", help="Take addresses (tracking.uri, launcher.address, places of artifacts) from files, too."
    ),
]

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A trained run: an id, the beginning of one, a name, latest, or best:FILTER as in best:model=cnn6.",
        autocompletion=complete_run,
        show_default=False,
    ),
]

StoreOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OVERRIDES]...",
        help="tracking.uri=... for another store, tracking.experiment=... for another experiment in it.",
        autocompletion=complete_override,
        show_default=False,
    ),
]

STORE_KEYS = ("tracking.uri=", "tracking.experiment=")


def check_store_overrides(words: list[str], command: str) -> list[str]:
    """The overrides of a command that changes nothing but where the run is looked for.

    Raises:
        UserError: one of them says something else.
    """
    for word in words:
        if not word.startswith(STORE_KEYS):
            raise UserError(
                f"'{word}': deeplab {command} takes nothing more than the run and where it is kept "
                "(tracking.uri=..., tracking.experiment=...)."
            )
    return words


def reading_files(command: Callable[..., None]) -> Callable[..., None]:
    """A command that reads a person's files, with the option --trust-config."""

    @wraps(command)
    def run(*, trust_config: bool, **arguments: Any) -> None:
        with trusting(trust_config):
            command(**arguments)

    # Typer makes the options of these two.
    signature = inspect.signature(command)
    option = inspect.Parameter("trust_config", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=TrustConfig)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, "trust_config": TrustConfig}
    return run


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
    return store, list({run.id: run for run in found}.values())
