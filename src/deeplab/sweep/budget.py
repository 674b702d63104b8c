"""When a sweep is to end though something is left to train."""

import time
from dataclasses import dataclass

from deeplab.errors import UserError


@dataclass(frozen=True)
class Budget:
    """Whichever of the two ends first."""

    hours: float | None = None  # of this start; what has begun by then is trained to its end
    trials: int | None = None  # in all: trainings of a grid, points of a search

    def __post_init__(self) -> None:
        """Refuse what is no budget."""
        if self.hours is not None and not 0 < self.hours < float("inf"):
            raise UserError(f"--hours must be a number above 0, got {self.hours:g}.")
        if self.trials is not None and self.trials < 1:
            raise UserError(f"--trials must be at least 1, got {self.trials}.")

    @property
    def is_open(self) -> bool:
        """Whether nothing ends it early."""
        return self.hours is None and self.trials is None


class Clock:
    """Tells when the hours of a start are over."""

    def __init__(self, hours: float | None) -> None:
        """Begin now."""
        self._hours, self._began = hours, time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no further training is to begin."""
        return self._hours is not None and time.monotonic() - self._began >= 3600 * self._hours

    def ended(self, what: str) -> str:
        """Say that these hours ended a sweep, and what of it there is."""
        return f"--hours {self._hours:g} ended it: {what}. The same command again goes on."
