#!/usr/bin/env python3
"""Write docs/commands.md: every command with its help, as the program itself prints it.

PYTHON scripts/commands_page.py
"""

import io
from contextlib import redirect_stdout
from pathlib import Path

import typer

from deeplab.cli.main import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
WIDTH = 120
HEAD = """# Commands

What `--help` says of every command, written by `scripts/commands_page.py`; do not edit it here. What an override may
say is in [configuration](configuration.md). The exit status is 0 where a command did what was asked, 1 where a run
failed, 2 where something is wrong with what was said, and 128 and the signal's number where it was interrupted;
`study` and `reproduce` say more with it.
"""


def page() -> str:
    """The whole page."""
    group = typer.main.get_command(app)
    names = group.list_commands(group.make_context("deeplab", [], resilient_parsing=True))
    return "\n".join([HEAD, *(_section(name, _help(group, name)) for name in names)])


def _help(group: "typer.core.TyperGroup", name: str) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        group.main([name, "--help"], prog_name="deeplab", standalone_mode=False, terminal_width=WIDTH)
    return printed.getvalue()


def _section(name: str, text: str) -> str:
    """A command: what it is for, examples as lines of code, then the table of its arguments and options."""
    usage, *paragraphs = text.strip().split("\n\n")
    said = [each for each in paragraphs if each.startswith("  ")]
    tables = [each for each in paragraphs if not each.startswith("  ")]
    lines = ["\n".join(line.strip() for line in each.splitlines()) for each in said]
    prose = ["    " + each if each.startswith("deeplab ") else each for each in lines]
    return "\n\n".join([f"## {name}", *prose, "```text\n" + "\n\n".join([usage, *tables]) + "\n```\n"])


if __name__ == "__main__":
    PAGE.write_text(page())
