"""One trial of a sweep, in whatever process it is trained."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from deeplab.config.compose import ComposedConfig
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import Interrupted, Paused, Pruned, RunError, UserError
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.tracking.run_log import AGAIN_SECONDS, BUSY_SECONDS
from deeplab.tracking.store import Store, UnreachableError, checkpoint_folder, open_store
from deeplab.tracking.tags import TRIAL_TAG
from deeplab.training import checkpoint as checkpoints
from deeplab.training.cache import TrainingCache
from deeplab.training.history import Epoch
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.own_code import own_code_of
from deeplab.workflows.recording import ParentRun
from deeplab.workflows.resume import ResumePoint
from deeplab.workflows.train import RunObserver, RunResult, train

LOCK_SECONDS = 60.0


def run_trial(
    job: TrialJob,
    report: Callable[[TrialEvent], None],
    should_continue: Callable[[TrialEvent], bool] | None = None,
    cache: TrainingCache | None = None,
) -> None:
    """Train a trial, or go on with it; what came of it is the last event that is reported.

    Args:
        should_continue: given the event of an epoch, which was reported, says whether to go on; or None.
        cache: what the trials of this process share, or None.
    """
    try:
        with own_code_of(job.code):
            reporter = _Reporter(job, report, should_continue)
            result = _run(job, reporter, cache)
        report(TrialEvent(job.number, "finished", run_id=result.run_id, metrics=dict(result.final)))
    except Pruned:
        last = reporter.last
        report(TrialEvent(job.number, "pruned", epoch=last.number, run_id=reporter.run_id, metrics=last.metrics))
    except Interrupted as error:
        report(TrialEvent(job.number, "killed", str(error)))
    except (UserError, RunError) as error:
        report(TrialEvent(job.number, "failed", str(error)))
    except Exception as error:
        # A bug of ours ends this trial alone; its traceback is in the worker's log.
        import traceback

        traceback.print_exc()
        report(TrialEvent(job.number, "failed", f"{type(error).__name__}: {error}"))


def last_event(job: TrialJob, should_continue: Callable[[TrialEvent], bool] | None = None) -> TrialEvent:
    """Train a trial where nobody hears what happens on the way, but for the epochs after which it asks."""
    events: list[TrialEvent] = []
    run_trial(job, events.append, should_continue)
    return events[-1]


def _run(job: TrialJob, observer: RunObserver, cache: TrainingCache | None) -> RunResult:
    """Train as soon as the store is in reach: trials that begin while its server is started again must not all fail."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return _train(job, observer, cache)
        except UnreachableError:
            if time.monotonic() > until:
                raise
            time.sleep(AGAIN_SECONDS)


def _train(job: TrialJob, observer: RunObserver, cache: TrainingCache | None) -> RunResult:
    config = validate(ExperimentConfig, job.values)
    config = replace(config, tracking=replace(config.tracking, uri=job.uri))
    composed = ComposedConfig(config, job.values, job.overrides)
    store = open_store(composed.config.tracking)
    lock = lock_of(store.place.work_folder, job.parent_id, job.tags[TRIAL_TAG])
    try:
        with lock.acquire(timeout=LOCK_SECONDS):
            resumption = _resumption(job, composed, store)
            parent = ParentRun(job.parent_id, job.name, job.tags, job.until)
            return train(composed, [observer], resumption, parent, cache)
    except Timeout as error:
        raise RunError(f"Another process has been training '{job.name}' for {LOCK_SECONDS:.0f} s.") from error


def lock_of(work_folder: Path, parent_id: str, identity: str) -> FileLock:
    """What a process holds while it trains a trial, so that two never write one run."""
    folder = work_folder / "sweeps" / parent_id
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{identity[:16]}.lock")


def _resumption(job: TrialJob, composed: ComposedConfig, store: Store) -> ResumePoint | None:
    """Where to go on from; a run that has no checkpoint yet is deleted and trained anew."""
    if job.previous is None:
        return None
    run = store.get_run(job.previous)
    checkpoint, damaged = checkpoints.newest(checkpoint_folder(store, job.previous))
    if checkpoint is None:
        store.delete_run(job.previous)
        return None
    return ResumePoint(run, store, composed, checkpoint, tuple(damaged))


class _Reporter(RunObserver):
    """Reports the beginning and each epoch to the sweep, and asks whether to go on."""

    def __init__(
        self, job: TrialJob, report: Callable[[TrialEvent], None], should_continue: Callable[[TrialEvent], bool] | None
    ) -> None:
        self._number, self._until, self._report, self._should_continue = job.number, job.until, report, should_continue
        self._epochs = 0
        self.last = Epoch(0, {})  # that is done
        self.run_id = ""

    def run_began(self, run_id: str, name: str, prepared: TrainingSetup, resumption: ResumePoint | None) -> None:
        self.run_id = run_id
        if resumption and resumption.checkpoint:
            self.last = resumption.checkpoint.history.epochs[-1]

    def training_began(self, epochs: int, steps_per_epoch: int) -> None:
        self._epochs = epochs
        self._report(TrialEvent(self._number, "began", epoch=self.last.number, epochs=epochs))
        if self._until is not None and self.last.number >= self._until:  # it was killed when all was done
            raise Paused

    def epoch_ended(self, epoch: Epoch) -> None:
        self.last = epoch
        event = TrialEvent(self._number, "epoch", epoch=epoch.number, epochs=self._epochs, metrics=epoch.metrics)
        self._report(event)
        if self._should_continue is not None and not self._should_continue(event):
            raise Pruned
