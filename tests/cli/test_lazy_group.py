"""The table of commands: each is listed without being imported, and imported when it is called."""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from deeplab.cli import commands, main
from deeplab.cli.lazy_group import LazyCommand
from deeplab.errors import Interrupted, Terminated


def test_every_command_file_is_in_the_table_once() -> None:
    files = sorted(path.stem for path in Path(commands.__path__[0]).glob("[a-z]*.py"))
    # Python has a word `import` of its own, so that command's file is called otherwise.
    names = ["import_model" if name == "import" else name for name in main.COMMANDS]
    assert sorted(names) == files
    assert [target.partition(":")[0].rpartition(".")[2] for target in main.COMMANDS.values()] == names


@pytest.mark.parametrize("name", main.COMMANDS)
def test_a_command_is_listed_by_the_first_sentence_of_its_own_help(name: str) -> None:
    module, _, function = main.COMMANDS[name].partition(":")
    docstring = inspect.getdoc(getattr(import_module(module), function))
    assert docstring is not None
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    assert LazyCommand(name, main.COMMANDS[name]).get_short_help_str(300) == paragraph
    command = LazyCommand(name, main.COMMANDS[name]).load()
    assert (command.name, command.help) == (name, docstring)


def test_the_list_imports_no_command_and_a_call_imports_one() -> None:
    code = (
        "import sys\nfrom deeplab.cli import main\nsys.argv = ['deeplab', *{!r}]\n"
        "try:\n    main.main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in main.COMMANDS if 'deeplab.cli.commands.' + name in sys.modules])"
    )
    for arguments, expected in ((["--help"], "[]"), (["trian"], "[]"), (["list", "models"], "['list']")):
        done = subprocess.run(
            [sys.executable, "-c", code.format(arguments)], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == expected


def test_a_misspelled_command_is_told_the_nearest(cli: Any) -> None:
    status, _, err = cli("trian")
    assert status == 2
    assert err.startswith("deeplab: No such command 'trian'. Did you mean 'train'? See ")


@pytest.mark.parametrize(("signal", "status"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_a_signal_while_a_command_is_imported_is_one_line(
    signal: type[KeyboardInterrupt], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_name: str) -> None:
        raise signal

    monkeypatch.setattr("deeplab.cli.lazy_group.load", interrupted)
    with pytest.raises(Interrupted, match="^Interrupted before the command began; nothing was done.$") as end:
        LazyCommand("train", main.COMMANDS["train"]).load()
    assert end.value.exit_status == status


def test_the_commands_are_those_of_the_program() -> None:
    group: Any = typer.main.get_command(main.app)
    assert group.list_commands(None) == [*main.COMMANDS]
