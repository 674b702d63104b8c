"""Runs whose process is gone: marked and listed."""

from typing import TYPE_CHECKING

from deeplab.tracking.find import all_runs
from deeplab.tracking.run import is_alive
from deeplab.tracking.store import Store
from deeplab.tracking.tags import ERROR_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run


def mark_dead(store: Store) -> list["Run"]:
    """Mark every run KILLED that says it is RUNNING and has shown no life for a minute; returns them."""
    dead = [run for run in all_runs(store) if run.info.status == "RUNNING" and not is_alive(run)]
    for run in dead:
        store.client.set_tag(run.info.run_id, ERROR_TAG, "its process is gone; marked by deeplab repair")
        store.client.set_terminated(run.info.run_id, "KILLED")
    return dead
