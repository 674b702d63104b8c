"""Who carries out a sweep, where several machines share a store and no file can be locked for all of them."""

import secrets
import time
from pathlib import Path

from deeplab.errors import UserError
from deeplab.sweep.parent_run import find_sweeps
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CARRIED_BY_TAG

# Longer than it takes from looking whether a sweep is there to saying that it is ours.
PAUSE_SECONDS = 2.0


def check_nobody_else(store: Store, before: Run | None, noun: str) -> None:
    """Refuse to go on with a sweep that shows life, unless it was begun from this folder: whose lock is ours.

    Args:
        before: the sweep that the same command made, or None.
    """
    if store.place.database is not None or before is None or not before.is_alive:
        return
    if not _folder(store, before.id).is_dir():
        raise _carried_out_elsewhere(before, noun)


def claim(store: Store, run_id: str, key: str, noun: str) -> None:
    """Say that a sweep is ours that was just begun or is gone on with; of several who say so at once one goes on.

    Raises:
        UserError: another one goes on.
    """
    if store.place.database is not None:  # a file next to it is locked
        return
    _folder(store, run_id).mkdir(parents=True, exist_ok=True)
    mine = secrets.token_hex(8)
    store.set_tag(run_id, CARRIED_BY_TAG, mine)
    time.sleep(PAUSE_SECONDS)
    alive = [
        run
        for run in find_sweeps(store, key)
        if run.id == run_id or (run.is_alive and not _folder(store, run.id).is_dir())
    ]
    first = min(alive, key=lambda run: (run.started_ms, run.id))
    if first.id != run_id:
        store.delete_run(run_id)
        raise _carried_out_elsewhere(first, noun)
    if first.tags.get(CARRIED_BY_TAG) != mine:
        raise _carried_out_elsewhere(first, noun)


def _folder(store: Store, run_id: str) -> Path:
    """What is there where a sweep was begun from this folder and is not finished."""
    return store.place.work_folder / "sweeps" / run_id


def _carried_out_elsewhere(run: Run, noun: str) -> UserError:
    """Say that somebody else is at it."""
    return UserError(
        f"The {noun} '{run.name}' ({run.short_id}) is being carried out by somebody else, whose last sign of life was "
        f"{run.heartbeat_age:.0f} s ago. See it with: deeplab status. If they are gone, wait a minute."
    )
