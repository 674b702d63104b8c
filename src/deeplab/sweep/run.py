"""Carry out a sweep, be it a grid or a search: train what is missing, survive what happens meanwhile, and sum up."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from filelock import FileLock, Timeout

from deeplab.errors import RunError, UserError
from deeplab.sweep.budget import Budget
from deeplab.sweep.claim import check_nobody_else, claimed
from deeplab.sweep.grid_source import GridSource
from deeplab.sweep.launch.choose import choose_launcher, import_launcher
from deeplab.sweep.loop import TrialLoop
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import children, find_sweep
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import Summary
from deeplab.sweep.source import TrialSource
from deeplab.tracking.location import StoreLocation
from deeplab.tracking.run import STALE_SECONDS, Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import BUDGET_TAG
from deeplab.workflows.recording import recorded
from deeplab.workflows.signals import signals_ignored

EARLIER_SECONDS = 2.0  # between two looks at jobs of an earlier start

Asked = TypeVar("Asked")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class SweepResult(Generic[Asked, Outcome]):
    """What came of a sweep."""

    run_id: str
    place: StoreLocation
    plan: Asked
    summary: Outcome  # of the finished trials of a grid; all trials of a search, in the order in which they were drawn
    failed: Mapping[str, str]  # why trials of this start failed, by name
    failure: str  # how many these are, in words
    seconds: float  # of this start of it
    ended: str = ""  # by which budget, and what is missing

    def check(self) -> None:
        """Raise a RunError where trials failed."""
        if self.failed:
            name, why = next(iter(self.failed.items()))
            raise RunError(f"{self.failure}, the first '{name}': {why}")


def run_sweep(
    plan: Plan, observer: SweepObserver, fresh: bool = False, budget: Budget | None = None
) -> SweepResult[Plan, Summary]:
    """Train every trial of a plan that is not finished yet, or what the budget takes; for the rest see `carry_out`."""
    return carry_out(GridSource(plan, budget), observer, fresh)


def carry_out(source: TrialSource, observer: SweepObserver, fresh: bool = False) -> SweepResult[Any, Any]:
    """Train what a source has until it has no more.

    Args:
        fresh: begin anew, whatever the same command has done before.

    Raises:
        UserError: it is being carried out elsewhere, has changed, or cannot be gone on with.
        Interrupted: it was ended from outside; what was finished is kept.
    """
    began = time.perf_counter()
    plan = source.plan
    import_launcher(plan.sweep.launcher.kind)  # before a store is made
    store = open_store(plan.sweep.run.config.tracking)
    folder = store.place.work_folder / source.folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{plan.key}.lock", timeout=0):
            before = None if fresh else find_sweep(store, plan.key)
            check_nobody_else(store, before, source.noun)
            with source.opened(store, before):
                return _carry_out(source, store, observer, before, began)
    except Timeout as error:
        raise UserError(
            f"The {source.noun} '{plan.name}' is being carried out by another process. See it with: deeplab status"
        ) from error


def _carry_out(
    source: TrialSource, store: Store, observer: SweepObserver, before: Run | None, began: float
) -> SweepResult[Any, Any]:
    plan, folder = source.plan, store.place.work_folder / source.folder / source.plan.key
    launcher = choose_launcher(plan, folder)
    loop = TrialLoop(source, store, launcher, observer)

    def begin() -> RunLog:
        log = source.begin(store) if before is None else RunLog.resume(store, before)
        return claimed(store, log, plan.key, source.noun)

    def interrupted(_log: RunLog) -> str:
        return f"Interrupted: {source.standing}. To go on: the same command again."

    def stop(log: RunLog, cause: BaseException) -> None:
        loop.stop(log.run_id, cause)

    with recorded(store, begin, interrupted, stop) as log:
        if before is not None and plan.sweep.launcher.kind != "local":
            _wait_for_earlier(store, log.run_id, observer)
        source.survey(log, _without_processes(store, log.run_id, source.noun))
        observer.sweep_began(plan, log.run_id, source.finished, launcher.capacity)
        loop.run(log.run_id)
        launcher.close()
        with signals_ignored():
            summary = source.sum_up(log, store, children(store, log.run_id))
            failed, ended = source.failed, source.ended
            if ended or (before is not None and BUDGET_TAG in before.tags):
                log.set_tag(BUDGET_TAG, ended)
            if failed:
                log.end("FAILED", source.failure)
            else:
                log.end("FINISHED")
                for path in (store.place.work_folder / "sweeps" / log.run_id, folder):
                    shutil.rmtree(path, ignore_errors=True)
    return SweepResult(
        log.run_id, store.place, plan, summary, failed, source.failure, time.perf_counter() - began, ended
    )


def _wait_for_earlier(store: Store, run_id: str, observer: SweepObserver) -> None:
    """Jobs of a cluster may outlive the sweep that submitted them; workers of this machine do not."""
    is_told = False
    while alive := [run for run in children(store, run_id).values() if run.is_alive]:
        if not is_told:
            more = f" ({len(alive)} in all)" if len(alive) > 1 else ""
            which = f"'{alive[0].name}' ({alive[0].short_id}) is still being trained by a job of an earlier start{more}"
            observer.told([f"{which}; waiting until it ends, or shows no life for {STALE_SECONDS:.0f} s"])
            is_told = True
        time.sleep(EARLIER_SECONDS)


def _without_processes(store: Store, run_id: str, noun: str) -> Mapping[str, Run]:
    """The runs of a sweep by the identity of their trial, those marked that an earlier start left running."""
    runs = children(store, run_id)
    for run in runs.values():
        if run.status == "RUNNING":
            store.end_run(run.id, "KILLED", f"its process is gone; marked by the next start of its {noun}")
    return runs
