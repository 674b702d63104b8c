"""A point of a search by Optuna, from its draw to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from optuna.trial import Trial as Asked

from deeplab.sweep.plan import Trial


@dataclass
class Point:
    """A point that was drawn."""

    asked: Asked
    settings: dict[str, str]
    trials: Sequence[Trial] = ()  # its replicates; none where they cannot be composed
    scores: dict[int, float] = field(default_factory=dict)  # of the finished replicates, by number
    open: set[int] = field(default_factory=set)  # replicates that are still to end
    reported: int = 0  # the last epoch that the study knows of
    is_hopeless: bool = False  # worse than the best point in pairs of replicates
    why: str = ""  # it failed
