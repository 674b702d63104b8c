"""Plain lines on the standard output."""

import os
import sys

from deeplab.config.visible import visible_line


def print_line(line: str) -> None:
    """Print one line now; where who was reading has gone, as `| head` does, the work goes on without."""
    try:
        print(visible_line(line), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
