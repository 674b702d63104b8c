"""Which sweep a run belongs to."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deeplab.config.schema import ExperimentConfig
from deeplab.errors import Interrupted, Pruned, RunError, exit_status
from deeplab.tracking.location import shown
from deeplab.tracking.run_log import RunLog, Status
from deeplab.tracking.store import Store, checkpoint_folder, impatient, reason, store_errors
from deeplab.tracking.tags import PRUNED_TAG
from deeplab.training.checkpoint import remove
from deeplab.training.history import History
from deeplab.training.setup import Prepared
from deeplab.workflows.artifacts import log_history, log_model
from deeplab.workflows.signals import heard, signals_ignored

if TYPE_CHECKING:
    import keras

    pass


@dataclass(frozen=True)
class Membership:
    """The sweep that a run belongs to.

    Attributes:
        parent_id: of the sweep's own run.
        name: of this run.
        tags: which point and replicate it is.
    """

    parent_id: str
    name: str
    tags: Mapping[str, str]


def ended_early(
    error: BaseException, log: RunLog, config: ExperimentConfig, prepared: Prepared, history: History, store: Store
) -> BaseException:
    """End the run as what happened deserves, and return what the caller is to be told."""
    interrupt = error if isinstance(error, KeyboardInterrupt) else heard()
    try:
        if interrupt is not None:
            with signals_ignored(), impatient():
                keep_so_far(log, config, prepared, history, "KILLED", f"ended by {type(interrupt).__name__}")
            return Interrupted(
                f"Interrupted: run {log.run_id[:8]} is KILLED, {len(history.epochs)} of {config.training.epochs} "
                f"epochs are logged. To go on: deeplab train --resume {log.run_id[:8]}",
                exit_status(interrupt),
            )
        if isinstance(error, Pruned):
            end_pruned(log, history)
            remove(checkpoint_folder(store, log.run_id))
            return error
        if isinstance(error, RunError):
            keep_so_far(log, config, prepared, history, "FAILED", str(error))
            return RunError(f"{error} Run {log.run_id[:8]} is FAILED.")
    except store_errors() as store_error:
        return store_failed(store_error, log, prepared, store)
    if isinstance(error, store_errors()):
        return store_failed(error, log, prepared, store)
    log.end("FAILED", f"{type(error).__name__}: {error}")
    return error


def keep_so_far(
    log: RunLog, config: ExperimentConfig, prepared: Prepared, history: History, status: Status, why: str
) -> None:
    """Log what was trained so far, the network included, and the status."""
    try:
        log_history(log, history)
        if status == "KILLED" and config.tracking.save_model != "none":
            log_model(log, prepared)
    finally:
        log.end(status, why)


def store_failed(error: Exception, log: RunLog, prepared: Prepared, store: Store) -> RunError:
    """Save the network elsewhere, end the run as FAILED as far as the store still takes it, and say so."""
    saved = rescue_model(prepared.network, log.run_id, [store.place.work_folder])
    where = f"The model as it is now was saved as {saved}." if saved else "The model could not be saved anywhere."
    why = f"The store {shown(store.place.uri)} took no more: {reason(error)}."
    try:
        with impatient():
            log.end("FAILED", f"{why} {where}")
        status = "is FAILED"
    except store_errors() as again:
        status = f"could not even be marked FAILED ({reason(again)})"
    return RunError(f"{why} {where} Run {log.run_id[:8]} {status}.")


def end_pruned(log: RunLog, history: History) -> None:
    """End a run that a search has seen enough of; its history is kept, and that it was pruned."""
    log_history(log, history)
    log.tag(PRUNED_TAG, "true")
    log.end("KILLED")


def rescue_model(network: "keras.Model", run_id: str, folders: Iterable[Path]) -> Path | None:
    """Save a network in the first of the folders that takes it; None where none does."""
    for folder in (*folders, Path(tempfile.gettempdir()), Path.home()):
        path = folder / f"deeplab-{run_id[:8]}.keras"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            network.save(path)
        except OSError:
            path.unlink(missing_ok=True)
        else:
            return path
    return None
