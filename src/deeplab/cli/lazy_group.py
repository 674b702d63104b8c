"""A group of commands whose modules are imported when they are called."""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from deeplab.cli.interrupt import interruptible
from deeplab.imports import load


class LazyCommand(TyperCommand):
    """A command by its name and its line in a list; the rest is imported when it is called."""

    def __init__(self, name: str, target: str) -> None:
        """Take `target` as `module:function`."""
        super().__init__(name)
        self._module, _, self._function = target.partition(":")

    def get_short_help_str(self, limit: int = 45) -> str:
        """Read the beginning of the function's docstring from its source: a list of commands imports none."""
        spec = find_spec(self._module)
        assert spec is not None and spec.origin is not None
        tree = ast.parse(Path(spec.origin).read_bytes())
        self.help = next(
            ast.get_docstring(node)
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == self._function
        )
        return super().get_short_help_str(limit)

    def load(self) -> Any:
        """Import the module, and make the command that is carried out."""
        with interruptible("Interrupted before the command began; nothing was done."):
            load(self._module)
            function = getattr(sys.modules[self._module], self._function)
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        single.command(self.name)(function)
        return typer.main.get_command(single)


class LazyGroup(TyperGroup):
    """A group that lists its commands without importing them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command that is called, or whose words are completed."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest
