"""Carry out a search, go on with one, and sum it up."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from optuna.study import Study

from deeplab.errors import UserError
from deeplab.sweep.launch.local import LocalLauncher
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import children, find_sweep, mark_killed
from deeplab.sweep.plan import workers_of
from deeplab.sweep.progress import stop_trials
from deeplab.sweep.search.loop import SearchLoop
from deeplab.sweep.search.optuna_study import open_study, tell_orphans
from deeplab.sweep.search.parent_run import SearchTrial, begin_search, best_drawn, log_search, read_drawn
from deeplab.sweep.search.plan import SearchPlan
from deeplab.tracking.location import StoreLocation
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import PRUNED_TAG, STUDY_TAG, TRIALS_TAG
from deeplab.workflows.recording import recorded
from deeplab.workflows.signals import signals_ignored


@dataclass(frozen=True)
class SearchResult:
    """What came of a search.

    Attributes:
        run_id: of the parent run.
        place: where it is kept.
        search: that was carried out.
        drawn: all its trials, in the order in which they were drawn.
        failed: why trials of this start failed, by name.
        seconds: of this start of it.
    """

    run_id: str
    place: StoreLocation
    search: SearchPlan
    drawn: tuple[SearchTrial, ...]
    failed: Mapping[str, str]
    seconds: float

    @property
    def best(self) -> SearchTrial | None:
        """The best finished trial."""
        return best_drawn(self.drawn, self.search.config.sweep.metric)


def run_search(search: SearchPlan, observer: SweepObserver, fresh: bool = False) -> SearchResult:
    """Draw and train until as many trials are finished or pruned as were asked for.

    Args:
        search: planned and checked.
        observer: told how it goes.
        fresh: begin anew, whatever the same command has done before.

    Raises:
        UserError: it is being carried out elsewhere, has changed, or its study is gone.
        Interrupted: it was ended from outside; what was finished is kept.
    """
    began = time.perf_counter()
    store = open_store(search.first.config.tracking)
    folder = store.place.work_folder / "searches"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{search.key}.lock", timeout=0):
            return _carry_out(search, store, folder, observer, fresh, began)
    except Timeout as error:
        raise UserError(
            f"The search '{search.name}' is being carried out by another process. See it with: deeplab status"
        ) from error


def _carry_out(
    search: SearchPlan, store: Store, folder: Path, observer: SweepObserver, fresh: bool, began: float
) -> SearchResult:
    before = None if fresh else find_sweep(store, search.key)
    wanted = None if before is None else before.tags[STUDY_TAG]
    with open_study(folder / f"{search.key}.db", search, wanted) as study:
        device = search.first.config.training.device
        launcher = LocalLauncher(workers_of(search.config, device, search.count), folder / search.key)
        loop = SearchLoop(search, study, store, launcher, observer)

        def begin() -> RunLog:
            return begin_search(store, search, study.study_name) if before is None else RunLog.resume(store, before)

        def interrupted(_log: RunLog) -> str:
            return (
                f"Interrupted: {len(loop.progress.finished)} of {search.count} trials are finished or pruned, and "
                "kept. To go on: the same command again."
            )

        def stop(log: RunLog, cause: BaseException) -> None:
            # The study may have been in the middle of a line; what ran is settled by the next start.
            stop_trials(launcher, store, log.run_id, loop.progress, observer, cause)

        with recorded(store, begin, interrupted, stop) as log:
            log.set_tag(TRIALS_TAG, str(search.count))
            loop.go_on(log.run_id, _take_stock(study, search, store, log.run_id))
            observer.sweep_began(search, log.run_id, len(loop.progress.finished), launcher.capacity)
            loop.run()
            launcher.close()
            with signals_ignored():
                runs = children(store, log.run_id)
                drawn = read_drawn(study, runs)
                log_search(log, store, search, drawn, runs)
                failed = loop.failed
                if failed:
                    log.end("FAILED", f"{len(failed)} trials failed")
                else:
                    log.end("FINISHED")
                    shutil.rmtree(store.place.work_folder / "sweeps" / log.run_id, ignore_errors=True)
                    shutil.rmtree(folder / search.key, ignore_errors=True)
    return SearchResult(log.run_id, store.place, search, drawn, failed, time.perf_counter() - began)


def _take_stock(study: Study, search: SearchPlan, store: Store, run_id: str) -> dict[str, str]:
    """Settle what an earlier start left running; returns the runs that can be gone on with, by identity."""
    runs = children(store, run_id)
    for run in runs.values():
        if run.status == "RUNNING":
            mark_killed(store, run, "its process is gone; marked by the next start of its search")
    tell_orphans(study, runs, search.config.sweep.metric)
    return {
        identity: run.id for identity, run in runs.items() if run.status != "FINISHED" and PRUNED_TAG not in run.tags
    }
