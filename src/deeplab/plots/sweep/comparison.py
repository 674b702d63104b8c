"""What the points of a sweep are compared by."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Comparison:
    """What was measured, how often, and where it was best."""

    metric: str  # `val/accuracy`, `val/loss`, `test/accuracy`, `test/loss` or another of the table of scores
    best: int | None  # position of the best point, None where there is none
    planned: int = 1  # number of replicates that were asked for
    unit: str = "replicate"  # what they are, if not replicates: `fold`
    deviation: Literal["n-1", "n"] = "n-1"  # what the standard deviation of its bars divides by
