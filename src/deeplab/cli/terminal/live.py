"""Whether progress is shown by a bar that moves or by plain lines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import Progress, ProgressColumn

from deeplab.cli.terminal.notebook import NotebookBar, in_notebook
from deeplab.cli.terminal.screen import Screen

Observer = TypeVar("Observer")


@contextmanager
def live_or_plain(
    columns: Sequence[ProgressColumn], plain: Callable[[], Observer], live: Callable[[Progress], Observer]
) -> Iterator[Observer]:
    """Make an observer that shows work on the standard output for as long as the context lasts.

    Args:
        plain: makes the observer where the output is neither a terminal nor a notebook.
        live: makes the observer that moves the bar.
    """
    if in_notebook():
        with NotebookBar(*columns) as bar:
            yield live(bar)
        return
    screen = Screen()
    if not screen.is_terminal:
        yield plain()
        return
    with Progress(*columns, console=screen, transient=True) as bar:
        yield live(bar)
