"""Runs whose process is gone: told by their heartbeat, marked, listed."""

import time
from typing import TYPE_CHECKING

from deeplab.tracking.find import all_runs
from deeplab.tracking.run_log import ERROR_TAG, HEARTBEAT_TAG
from deeplab.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

STALE_SECONDS = 60.0


def heartbeat_age(run: "Run") -> float:
    """Seconds since a run last showed that it is alive; infinite for one that never did."""
    beat = run.data.tags.get(HEARTBEAT_TAG)
    return time.time() - float(beat) if beat else float("inf")


def is_alive(run: "Run") -> bool:
    """Whether a run is being written by a process."""
    return bool(run.info.status == "RUNNING" and heartbeat_age(run) < STALE_SECONDS)


def mark_dead(store: Store) -> list["Run"]:
    """Mark every run KILLED that says it is RUNNING and has shown no life for a minute; returns them."""
    dead = [run for run in all_runs(store) if run.info.status == "RUNNING" and not is_alive(run)]
    for run in dead:
        store.client.set_tag(run.info.run_id, ERROR_TAG, "its process is gone; marked by deeplab repair")
        store.client.set_terminated(run.info.run_id, "KILLED")
    return dead
