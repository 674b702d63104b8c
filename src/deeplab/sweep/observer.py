"""Who is told how a sweep goes: the screen."""

from typing import Protocol

from deeplab.sweep.messages import TrialEvent


class SweepHeader(Protocol):
    """What is being carried out, in brief."""

    @property
    def name(self) -> str:
        """Of the sweep."""

    @property
    def size(self) -> str:
        """What it comes to, in words."""

    @property
    def count(self) -> int:
        """How many trials there are to be in the end."""


class SweepObserver:
    """Told how a sweep goes; each method does nothing unless it is overridden."""

    def sweep_began(self, sweep: SweepHeader, run_id: str, finished: int, capacity: int) -> None:
        """What is to be done is frozen; so many of its trials are finished already."""

    def trial_submitted(self, number: int, name: str) -> None:
        """A trial was handed to the launcher."""

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        """Something happened to a submitted trial; `will_retry` means that it died and is tried once more."""

    def waited(self) -> None:
        """Half a second has passed, or less."""
