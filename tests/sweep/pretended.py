"""What launchers have in common that only pretend to train: events that are there at once."""

from collections.abc import Sequence

from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store


def pretend(store: Store, job: TrialJob) -> TrialEvent:
    """Leave a finished run whose scores depend on its configuration alone."""
    tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
    log = RunLog.begin(store, job.name, job.values, tags, None, {})
    score = 0.1 * job.values["validation"].get("fold", 1) + job.values["l2"]
    metrics = {"validation/accuracy": score, "test/accuracy": score / 2, "time/training_seconds": 1.0}
    log.metrics(1, metrics)
    log.end("FINISHED")
    return TrialEvent(job.number, "finished", run_id=log.run_id, metrics=metrics)


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
