"""How a run stands, told from its status, its tags and its heartbeat."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deeplab.tracking.heartbeat import HEARTBEAT_TAG, STALE_SECONDS

if TYPE_CHECKING:
    from mlflow.entities import Run


PRUNED_TAG = "deeplab.pruned"


def heartbeat_age(run: "Run") -> float:
    """Seconds since a run last showed that it is alive; infinite for one that never did."""
    beat = run.data.tags.get(HEARTBEAT_TAG)
    return time.time() - float(beat) if beat else float("inf")


def is_alive(run: "Run") -> bool:
    """Whether a run is being written by a process."""
    return bool(run.info.status == "RUNNING" and heartbeat_age(run) < STALE_SECONDS)


def status_of(run: "Run") -> str:
    """MLflow's; DEAD for a run that says RUNNING and shows no life, PRUNED for one that a search ended early."""
    if PRUNED_TAG in run.data.tags and run.info.status == "KILLED":
        return "PRUNED"
    return "DEAD" if run.info.status == "RUNNING" and not is_alive(run) else str(run.info.status)


@dataclass(frozen=True)
class Info:
    """What MLflow's `RunInfo` says of a run, as far as it is used."""

    run_id: str
    run_name: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    experiment_id: str


@dataclass(frozen=True)
class Data:
    """What MLflow's `RunData` says of a run: the last value of each metric and its step, params and tags."""

    metrics: dict[str, float]
    steps: dict[str, int]
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True)
class SqliteRun:
    """A run, with the names of MLflow's `Run`."""

    info: Info
    data: Data
