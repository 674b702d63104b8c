"""A bar that moves in a notebook: Rich's own needs widgets there, and this one what every kernel has."""

import sys
import time
from html import escape
from io import StringIO
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn

from deeplab.cli.terminal.screen import Screen
from deeplab.visible import visible

WIDTH = 100  # letters
EVERY = 0.2  # seconds between two looks


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class NotebookBar(Progress):
    """Rich's progress, drawn as text into one output of the cell; lines printed by it go to the cell's own text."""

    def __init__(self, *columns: str | ProgressColumn) -> None:
        """Show nothing yet."""
        screen = Screen(WIDTH)
        screen.is_jupyter = False  # lines are text, as a script prints them
        super().__init__(*columns, console=screen, auto_refresh=False)
        self._display: Any = None
        self._shown_at = 0.0

    def start(self) -> None:
        """Take an output of the cell."""
        from IPython.display import DisplayHandle

        self._display = DisplayHandle()
        self._display.display(self._bundle(""), raw=True)

    def stop(self) -> None:
        """Leave an empty output."""
        if self._display is not None:
            self._display.update(self._bundle(""), raw=True)
            self._display = None

    def update(self, *args: Any, **settings: Any) -> None:
        """Change a task, and draw it if the last time is long enough ago."""
        super().update(*args, **settings)
        if time.monotonic() - self._shown_at > EVERY:
            self.refresh()

    def refresh(self) -> None:
        """Draw the bars anew."""
        if self._display is None:
            return
        self._shown_at = time.monotonic()
        paper = Console(file=StringIO(), width=WIDTH, force_jupyter=False, color_system=None, legacy_windows=False)
        with paper.capture() as drawn:
            paper.print(self.get_renderable())
        self._display.update(self._bundle(visible(drawn.get()).rstrip()), raw=True)

    @staticmethod
    def _bundle(text: str) -> dict[str, str]:
        return {"text/html": f"<pre>{escape(text)}</pre>" if text else "", "text/plain": text}
