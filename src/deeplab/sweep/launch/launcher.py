"""What every launcher does."""

from collections.abc import Sequence
from typing import Protocol

from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob


class Launcher(Protocol):
    """Trains trials somewhere, several at a time."""

    @property
    def capacity(self) -> int:
        """How many trials it takes at once."""

    def submit(self, job: TrialJob) -> None:
        """Take a trial; at most `capacity` at once."""

    def answer(self, answer: ContinueReply) -> None:
        """Tell a trial that asks after each epoch whether it is to go on after this one."""

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """What happened, as soon as something does or the time has passed."""

    def interrupt(self) -> None:
        """Ask all running trials to end as KILLED; their last events still come."""

    def close(self) -> None:
        """End everything now."""
