"""What the points of a sweep are compared by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """What was measured, how often, and where it was best."""

    metric: str  # `val/accuracy`, `val/loss`, `test/accuracy`, `test/loss` or another of the table of scores
    best: int | None  # position of the best point, None where there is none
    planned: int = 1  # number of replicates that were asked for
    unit: str = "replicate"  # what they are, if not replicates: `fold`
