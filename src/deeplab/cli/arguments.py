"""Arguments that several commands share."""

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from deeplab.cli.completion import complete_override, complete_run
from deeplab.cli.interrupt import interruptible
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
ConfigDir = Annotated[
    Path | None, typer.Option("--config-dir", metavar="FOLDER", help="A conf/ folder of your own, looked into first.")
]
TrustConfig = Annotated[
    bool,
    typer.Option(
        "--trust-config", help="Take addresses (tracking.uri, launcher.address, places of artifacts) from files, too."
    ),
]

Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="FILE",
        help="Run this Python file: layers, losses, metrics, data sets and schedules of your own.",
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

    return _with_option(run, command, "trust_config", False, TrustConfig)


def running_code(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --code: the file is in force while it runs."""

    @wraps(command)
    def run(*, code: str | None, **arguments: Any) -> None:
        with ExitStack() as stack:
            if code is not None:
                with interruptible("Interrupted before the command began; nothing was done."):
                    from deeplab.workflows.own_code import own_code  # here, because it imports NumPy

                    stack.enter_context(own_code(code))
            command(**arguments)

    return _with_option(run, command, "code", None, Code)


def _with_option(
    run: Callable[..., None], command: Callable[..., None], name: str, default: object, annotation: Any
) -> Callable[..., None]:
    """Let Typer make one more option, which `run` takes, beside those of a command."""
    signature = inspect.signature(command)
    option = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, name: annotation}
    return run


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split words into names of runs, which may hold an equals sign, and what says where the runs are."""
    names = [word for word in arguments if not word.startswith(STORE_KEYS)]
    return names, [word for word in arguments if word.startswith(STORE_KEYS)]
