"""What launchers have in common that only pretend to train: events that are there at once."""

from collections.abc import Sequence

from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.tracking.store import Store


class AtOnce(SweepObserver):
    """Nothing is waited for; what `submit` of a subclass puts into `_events` is told the next time."""

    def __init__(self, store: Store, capacity: int) -> None:
        self.capacity, self._store = capacity, store
        self._events: list[TrialEvent] = []

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        events, self._events = self._events, []
        return events

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass
