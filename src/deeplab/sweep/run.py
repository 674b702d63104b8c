"""Carry out a plan: train what is missing, survive what happens meanwhile, and sum up."""

import shutil
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from filelock import FileLock, Timeout

from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import UserError
from deeplab.sweep.launch.choose import choose_launcher
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import begin_sweep, check_unchanged, children, find_sweep, mark_killed, trial_tags
from deeplab.sweep.plan import Plan
from deeplab.sweep.progress import WAIT_SECONDS, Progress, retry_or_fail, stop_trials
from deeplab.sweep.results.summary import Summary, summarise
from deeplab.sweep.results.write import log_outcome, read_scores
from deeplab.tracking.location import StoreLocation
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.recording import recorded
from deeplab.workflows.signals import signals_ignored


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep.

    Attributes:
        run_id: of the parent run.
        place: where it is kept.
        plan: that was carried out.
        summary: of the finished trials.
        failed: why trials failed, by name.
        seconds: of this start of it.
    """

    run_id: str
    place: StoreLocation
    plan: Plan
    summary: Summary
    failed: Mapping[str, str]
    seconds: float


def run_sweep(plan: Plan, observer: SweepObserver, fresh: bool = False) -> SweepResult:
    """Train every trial of a plan that is not finished yet.

    Args:
        plan: composed and checked.
        observer: told how it goes.
        fresh: begin anew, whatever the same command has done before.

    Raises:
        UserError: it is being carried out elsewhere, or its plan has changed.
        Interrupted: it was ended from outside; what was finished is kept.
    """
    began = time.perf_counter()
    store = open_store(validate(ExperimentConfig, plan.trials[0].values).tracking)
    folder = store.place.work_folder / "sweeps"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{plan.key}.lock", timeout=0):
            return _carry_out(plan, store, observer, fresh, began)
    except Timeout as error:
        raise UserError(
            f"The sweep '{plan.name}' is being carried out by another process. See it with: deeplab status"
        ) from error


def _carry_out(plan: Plan, store: Store, observer: SweepObserver, fresh: bool, began: float) -> SweepResult:
    before = None if fresh else find_sweep(store, plan.key)
    if before is not None:
        check_unchanged(store, before, plan)
        _check_not_running(plan, store, before)
    launcher = choose_launcher(plan, store.place.work_folder / "sweeps" / plan.key)
    progress = Progress(deque(), set())

    def begin() -> RunLog:
        return begin_sweep(store, plan) if before is None else RunLog.resume(store, before)

    def interrupted(_log: RunLog) -> str:
        return (
            f"Interrupted: {len(progress.finished)} of {len(plan.trials)} trials are finished and kept. "
            "To go on: the same command again."
        )

    def stop(log: RunLog, cause: BaseException) -> None:
        stop_trials(launcher, store, log.run_id, progress, observer, cause)

    with recorded(store, begin, interrupted, stop) as log:
        _survey(plan, children(store, log.run_id), store, progress)
        observer.sweep_began(plan, log.run_id, len(progress.finished), launcher.capacity)
        _train(plan, store, log.run_id, progress, launcher, observer)
        launcher.close()
        with signals_ignored():
            found = children(store, log.run_id)
            scores = [
                read_scores(trial, found[trial.identity])
                for trial in plan.trials
                if _is_finished(found, trial.identity)
            ]
            metric = plan.config.sweep.metric
            summary = summarise(plan.points, scores, metric, plan.replicates)
            log_outcome(log, store, plan, summary, found)
            failed = {plan.trial_name(plan.trials[number]): why for number, why in sorted(progress.failed.items())}
            if failed:
                log.end("FAILED", f"{len(failed)} of {len(plan.trials)} trials failed")
            else:
                log.end("FINISHED")
                for name in (log.run_id, plan.key):
                    shutil.rmtree(store.place.work_folder / "sweeps" / name, ignore_errors=True)
    return SweepResult(log.run_id, store.place, plan, summary, failed, time.perf_counter() - began)


def _is_finished(found: Mapping[str, "Run"], identity: str) -> bool:
    return identity in found and found[identity].status == "FINISHED"


def _check_not_running(plan: Plan, store: Store, before: Run) -> None:
    """Jobs of a cluster may outlive the sweep that submitted them; workers of this machine do not."""
    if plan.config.launcher.kind == "local":
        return
    for run in children(store, before.id).values():
        if run.is_alive:
            raise UserError(
                f"'{run.name}' ({run.short_id}) is still being trained by a job of an earlier start. "
                "Let it end, or cancel it."
            )


def _survey(plan: Plan, found: Mapping[str, "Run"], store: Store, progress: Progress) -> None:
    """Take down what of the plan is in the store already."""
    for number, trial in enumerate(plan.trials):
        run = found.get(trial.identity)
        if _is_finished(found, trial.identity):
            progress.finished.add(number)
            continue
        progress.waiting.append(number)
        if run is None:
            continue
        if run.status == "RUNNING":
            mark_killed(store, run, "its process is gone; marked by the next start of its sweep")
        progress.previous[number] = run.id


def _train(
    plan: Plan, store: Store, parent_id: str, progress: Progress, launcher: Launcher, observer: SweepObserver
) -> None:
    while progress.waiting or progress.running:
        while progress.waiting and len(progress.running) < launcher.capacity:
            number = progress.waiting.popleft()
            progress.running.add(number)
            launcher.submit(_job(plan, number, parent_id, store.place.uri, progress.previous.get(number)))
            observer.trial_submitted(number, plan.trial_name(plan.trials[number]))
        for event in launcher.wait(WAIT_SECONDS):
            _take(event, plan, store, parent_id, progress, observer)
        observer.waited()


def _job(plan: Plan, number: int, parent_id: str, uri: str, previous: str | None) -> TrialJob:
    trial = plan.trials[number]
    tags = trial_tags(plan.points[trial.point], trial, parent_id)
    return TrialJob(number, plan.trial_name(trial), trial.values, plan.overrides, tags, parent_id, uri, previous)


def _take(
    event: TrialEvent, plan: Plan, store: Store, parent_id: str, progress: Progress, observer: SweepObserver
) -> None:
    again = False
    if event.ends_trial:
        progress.running.discard(event.number)
    if event.kind == "finished":
        progress.finished.add(event.number)
    elif event.kind == "failed":
        progress.failed[event.number] = event.text
    elif event.kind in ("died", "killed"):
        identity = plan.trials[event.number].identity
        again = retry_or_fail(event, identity, plan.config.launcher.retries, store, parent_id, progress)
    observer.trial_changed(event, again)
