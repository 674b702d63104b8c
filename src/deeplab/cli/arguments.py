"""Arguments that several commands share."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from deeplab.cli.completion import complete_override, complete_run
from deeplab.config.trust import trusting
from deeplab.errors import UserError

STORE_KEYS = ("tracking.uri=", "tracking.experiment=")


def words(metavar: str, help_text: str, complete: Callable[..., Any] | None = None) -> Any:
    """Declare the words of a command that are no options; the help shows no default."""
    return typer.Argument(metavar=metavar, help=help_text, autocompletion=complete, show_default=False)


Overrides = Annotated[
    list[str] | None,
    words(
        "[OVERRIDES]...",
        "What differs from the defaults: model=cnn training.epochs=3. See 'deeplab list'.",
        complete_override,
    ),
]
StoreOverrides = Annotated[
    list[str] | None,
    words(
        "[OVERRIDES]...",
        "tracking.uri=... for another store, tracking.experiment=... for another experiment in it.",
        complete_override,
    ),
]
RunName = Annotated[
    str,
    words(
        "RUN",
        "A trained run: an id, the beginning of one, a name, latest, or best:FILTER as in best:model=cnn6.",
        complete_run,
    ),
]
RunArguments = Annotated[
    list[str],
    words(
        "RUN... [OVERRIDES]...",
        "A run: an id, the beginning of one, a name, latest, or best:FILTER as in best:model=cnn6. "
        "tracking.uri=... for another store.",
        complete_run,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Latex = Annotated[
    Path | None, typer.Option("--latex", metavar="FILE.tex", help="Write the scores as a table for LaTeX, too.")
]
ConfigDir = Annotated[
    Path | None, typer.Option("--config-dir", metavar="FOLDER", help="A conf/ folder of your own, looked into first.")
]
TrustConfig = Annotated[
    bool,
    typer.Option(
        "--trust-config", help="Take addresses (tracking.uri, launcher.address, places of artifacts) from files, too."
    ),
]


def check_store_overrides(arguments: list[str], command: str) -> list[str]:
    """Return the overrides of a command that changes nothing but where the run is looked for, or refuse others."""
    others, overrides = split(arguments)
    if others:
        raise UserError(
            f"'{others[0]}': deeplab {command} takes nothing more than the run and where it is kept "
            "(tracking.uri=..., tracking.experiment=...)."
        )
    return overrides


def reading_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that reads a user's files the option --trust-config."""

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


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split words into names of runs, which may hold an equals sign, and what says where the runs are."""
    names = [word for word in arguments if not word.startswith(STORE_KEYS)]
    return names, [word for word in arguments if word.startswith(STORE_KEYS)]
