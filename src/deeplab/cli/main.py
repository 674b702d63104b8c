"""The command `deeplab`: its subcommands, and what becomes of their errors."""

import gc
import os
import sys
import traceback
from io import TextIOWrapper
from typing import Any

import typer
from typer.exceptions import TyperException

import deeplab
from deeplab.cli.lazy_group import LazyCommand, LazyGroup
from deeplab.cli.terminal.screen import guarded_streams
from deeplab.errors import Interrupted, RunError, UserError, UserErrors
from deeplab.workflows.signals import install_handlers

# In the order of the help. A command is imported when it is called; see `deeplab.cli.commands`.
COMMANDS = {
    "train": "deeplab.cli.commands.train:train",
    "sweep": "deeplab.cli.commands.sweep:sweep",
    "decide": "deeplab.cli.commands.decide:decide",
    "why": "deeplab.cli.commands.why:why",
    "status": "deeplab.cli.commands.status:status",
    "study": "deeplab.cli.commands.study:study",
    "noise": "deeplab.cli.commands.noise:noise",
    "generate": "deeplab.cli.commands.generate:generate",
    "predict": "deeplab.cli.commands.predict:predict",
    "evaluate": "deeplab.cli.commands.evaluate:evaluate",
    "explain": "deeplab.cli.commands.explain:explain",
    "export": "deeplab.cli.commands.export:export",
    "import": "deeplab.cli.commands.import_model:import_model",
    "reproduce": "deeplab.cli.commands.reproduce:reproduce",
    "report": "deeplab.cli.commands.report:report",
    "runs": "deeplab.cli.commands.runs:runs",
    "show": "deeplab.cli.commands.show:show",
    "compare": "deeplab.cli.commands.compare:compare",
    "curves": "deeplab.cli.commands.curves:curves",
    "rm": "deeplab.cli.commands.rm:rm",
    "pack": "deeplab.cli.commands.pack:pack",
    "unpack": "deeplab.cli.commands.unpack:unpack",
    "verify": "deeplab.cli.commands.verify:verify",
    "data": "deeplab.cli.commands.data:data",
    "list": "deeplab.cli.commands.list:list_options",
    "ui": "deeplab.cli.commands.ui:ui",
    "doctor": "deeplab.cli.commands.doctor:doctor",
    "repair": "deeplab.cli.commands.repair:repair",
}


class Commands(LazyGroup):
    """The commands of the table."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of Typer's groups."""
        commands = {name: LazyCommand(name, target) for name, target in COMMANDS.items()}
        super().__init__(**{**settings, "commands": commands})


app = typer.Typer(
    cls=Commands,
    help="Keras experiments from configuration: networks as plain YAML, every run in MLflow.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"deeplab {deeplab.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    _asked: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line; bad input ends it with one line and status 2, a failed run with status 1."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    install_handlers()
    with guarded_streams():
        try:
            _run()
        except Exception:
            # A bug; shown here because Python itself would show it, and what it quotes, past the guard.
            traceback.print_exc()
            sys.exit(1)


def _run() -> None:
    try:
        status = app(standalone_mode=False)
    except TyperException as error:
        _end(UserError(_usage(error)), 2)
    except UserError as error:
        _end(error, 2)
    except RunError as error:
        _end(error, 1)
    except Interrupted as error:
        _end(error, error.exit_status)
    except typer.Abort:  # Ctrl-D where an answer was asked for
        _end(RunError("There was no answer; nothing was done."), 1)
    else:
        sys.exit(status or 0)
    finally:
        # Python would search the millions of objects of TensorFlow for cycles before it goes: more than a second.
        gc.freeze()
        gc.enable()  # a command that looks something up has done without it


def _usage(error: TyperException) -> str:
    """Say what is wrong with the words of a command line, and which help tells more."""
    message = error.format_message()
    message = message if message.endswith(("?", ".")) else f"{message}."
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    if message.startswith("No such option") and any(each.name == "overrides" for each in context.command.params):
        message += " What differs from the defaults has no dashes: training.epochs=3."
    return f"{message} See {context.command_path} --help."


def _end(error: Exception, status: int) -> None:
    if os.environ.get("DEEPLAB_DEBUG") == "1":
        traceback.print_exception(error)
    messages = error.messages if isinstance(error, UserErrors) else (" ".join(str(error).split()),)
    for message in messages:
        print("deeplab:", message, file=sys.stderr)
    sys.exit(status)
