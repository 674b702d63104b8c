"""The command `deeplab`: its subcommands, and what becomes of their errors."""

import gc
import os
import sys
import traceback
from io import TextIOWrapper

import typer
from typer.exceptions import TyperException

import deeplab
from deeplab.cli.arguments import reading_files
from deeplab.cli.commands.compare import compare
from deeplab.cli.commands.curves import curves
from deeplab.cli.commands.doctor import doctor
from deeplab.cli.commands.evaluate import evaluate
from deeplab.cli.commands.explain import explain
from deeplab.cli.commands.export import export
from deeplab.cli.commands.generate import generate
from deeplab.cli.commands.list import list_options
from deeplab.cli.commands.noise import noise
from deeplab.cli.commands.predict import predict
from deeplab.cli.commands.repair import repair
from deeplab.cli.commands.report import report
from deeplab.cli.commands.reproduce import reproduce
from deeplab.cli.commands.rm import rm
from deeplab.cli.commands.runs import runs
from deeplab.cli.commands.show import show
from deeplab.cli.commands.status import status
from deeplab.cli.commands.study import study
from deeplab.cli.commands.sweep import sweep
from deeplab.cli.commands.train import train
from deeplab.cli.commands.ui import ui
from deeplab.cli.terminal.screen import guarded_streams
from deeplab.errors import Interrupted, RunError, UserError, UserErrors
from deeplab.workflows.signals import listen

app = typer.Typer(
    help="Keras experiments from configuration: networks as plain YAML, every run in MLflow.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("train")(reading_files(train))
app.command("sweep")(reading_files(sweep))
app.command("status")(reading_files(status))
app.command("study")(reading_files(study))
app.command("noise")(noise)
app.command("generate")(generate)
app.command("predict")(reading_files(predict))
app.command("evaluate")(reading_files(evaluate))
app.command("explain")(explain)
app.command("export")(reading_files(export))
app.command("reproduce")(reading_files(reproduce))
app.command("report")(reading_files(report))
app.command("runs")(reading_files(runs))
app.command("show")(reading_files(show))
app.command("compare")(reading_files(compare))
app.command("curves")(reading_files(curves))
app.command("rm")(reading_files(rm))
app.command("list")(reading_files(list_options))
app.command("ui")(reading_files(ui))
app.command("doctor")(reading_files(doctor))
app.command("repair")(reading_files(repair))


def _version(wanted: bool) -> None:
    if wanted:
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
    listen()
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
    """What is wrong with the words of a command line, and which help tells more."""
    message = error.format_message()
    message = message if message.endswith(("?", ".")) else f"{message}."
    context = getattr(error, "ctx", None)
    return f"{message} See {context.command_path} --help." if context else message


def _end(error: Exception, status: int) -> None:
    if os.environ.get("DEEPLAB_DEBUG") == "1":
        traceback.print_exception(error)
    messages = error.messages if isinstance(error, UserErrors) else (" ".join(str(error).split()),)
    for message in messages:
        print("deeplab:", message, file=sys.stderr)
    sys.exit(status)
