"""What a store has to say besides what was asked."""

import sys
from functools import cache


@cache
def tell(line: str) -> None:
    """Print a line beside the output of a command, once in a process however often it holds."""
    print("deeplab:", " ".join(line.split()), file=sys.stderr)
