"""What the points of a sweep are compared by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """What was measured, how often, and where it was best.

    Attributes:
        metric: `val/accuracy`, `val/loss`, `test/accuracy`, `test/loss` or another of the table of scores.
        best: position of the best point, None where there is none.
        planned: number of replicates that were asked for.
    """

    metric: str
    best: int | None
    planned: int = 1
