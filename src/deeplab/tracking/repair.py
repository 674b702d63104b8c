"""Runs whose process is gone: marked and listed."""

from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store


def mark_dead(store: Store) -> list["Run"]:
    """Mark every run KILLED that says it is RUNNING and has shown no life for a minute; returns them."""
    dead = [run for run in all_runs(store) if run.status == "RUNNING" and not run.is_alive]
    for run in dead:
        store.end_run(run.id, "KILLED", "its process is gone; marked by deeplab repair")
    return dead
