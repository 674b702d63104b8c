"""A run as everything but `tracking` knows it: read from MLflow or from its tables, and frozen."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deeplab.tracking.tags import HEARTBEAT_TAG, PRUNED_TAG

if TYPE_CHECKING:
    import mlflow.entities

STATUS_TAGS = (HEARTBEAT_TAG, PRUNED_TAG)  # those that a run is shown by
STALE_SECONDS = 60.0  # a run that says RUNNING and shows no life for so long has lost its process


@dataclass(frozen=True)
class Run:
    """A run of a store, as it was when it was read."""

    id: str  # MLflow's, 32 letters
    name: str
    status: str  # MLflow's: RUNNING, FINISHED, FAILED or KILLED
    started_ms: int  # milliseconds since 1970
    ended_ms: int | None  # the same, or None while it goes on
    artifact_uri: str  # the folder of its files, as the store has it
    metrics: Mapping[str, float]  # the last value of each
    steps: Mapping[str, int]  # the step of that value, by metric
    params: Mapping[str, str]  # its configuration, flattened
    tags: Mapping[str, str]  # deeplab's own, MLflow's and the user's

    @property
    def short_id(self) -> str:
        """The beginning of its id, as it is shown."""
        return self.id[:8]

    @property
    def label(self) -> str:
        """Its name and the beginning of its id, as in `cnn-mnist (1a2b3c4d)`."""
        return f"{self.name} ({self.short_id})"

    @property
    def heartbeat_age(self) -> float:
        """Seconds since it last showed that it is alive; infinite for one that never did."""
        beat = self.tags.get(HEARTBEAT_TAG)
        return time.time() - float(beat) if beat else float("inf")

    @property
    def is_alive(self) -> bool:
        """Whether it is being written by a process; a clock that is set back makes none alive."""
        return self.status == "RUNNING" and abs(self.heartbeat_age) < STALE_SECONDS

    @property
    def shown_status(self) -> str:
        """Its status; DEAD if it says RUNNING and shows no life, PRUNED if a search ended it early."""
        if PRUNED_TAG in self.tags and self.status == "KILLED":
            return "PRUNED"
        return "DEAD" if self.status == "RUNNING" and not self.is_alive else self.status


def heartbeat() -> str:
    """What a run that is alive writes under HEARTBEAT_TAG: seconds since 1970."""
    return str(int(time.time()))


def from_mlflow(run: "mlflow.entities.Run") -> Run:
    """A run as MLflow's client gives it."""
    # MLflow's own dictionary of metrics forgets their steps.
    metrics = run.data.to_proto().metrics
    return Run(
        id=str(run.info.run_id),
        name=str(run.info.run_name or ""),
        status=str(run.info.status),
        started_ms=int(run.info.start_time),
        ended_ms=None if run.info.end_time is None else int(run.info.end_time),
        artifact_uri=str(run.info.artifact_uri),
        metrics=dict(run.data.metrics),
        steps={metric.key: int(metric.step) for metric in metrics},
        params=dict(run.data.params),
        tags=dict(run.data.tags),
    )
