"""Who is told how a sweep goes: the screen."""

from collections.abc import Sequence

from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.source import AnyPlan


class SweepObserver:
    """Told how a sweep goes; each method does nothing unless it is overridden."""

    def sweep_began(self, plan: AnyPlan, run_id: str, finished: int, capacity: int) -> None:
        """What is to be done is frozen; so many of its trials are finished already."""

    def trial_submitted(self, number: int, name: str) -> None:
        """A trial was handed to the launcher."""

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        """Something happened to a submitted trial; `will_retry` means that it died and is tried once more."""

    def told(self, lines: Sequence[str]) -> None:
        """Something is known that was not before."""

    def waited(self) -> None:
        """Half a second has passed, or less."""
