"""What becomes of trials whose worker is lost, and of those that run when their sweep is ended."""

import time
from collections import deque
from dataclasses import dataclass, field, replace

from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import children, mark_killed
from deeplab.tracking.store import Store
from deeplab.workflows.signals import signals_let_through

WAIT_SECONDS = 0.5
INTERRUPT_SECONDS = 30.0


@dataclass
class Progress:
    """What of a sweep is done and what is left, by the numbers of its trials.

    Attributes:
        waiting: to be submitted.
        finished: and kept.
        running: submitted, and nothing final was heard of them.
        failed: why.
        attempts: that were lost.
        previous: unfinished runs to go on with.
    """

    waiting: deque[int]
    finished: set[int]
    running: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    previous: dict[int, str] = field(default_factory=dict)


def retry_or_fail(
    event: TrialEvent, identity: str, retries: int, store: Store, parent_id: str, progress: Progress
) -> bool:
    """A trial whose worker is gone is tried again, a few times; returns whether it is."""
    attempts = progress.attempts[event.number] = progress.attempts.get(event.number, 0) + 1
    run = children(store, parent_id).get(identity)
    if run is not None and run.status == "FINISHED":
        progress.finished.add(event.number)  # it died after its last word
        return False
    if run is not None:
        mark_killed(store, run, event.text)
        progress.previous[event.number] = run.id
    if attempts <= retries:
        progress.waiting.appendleft(event.number)
        return True
    why = f"{event.text}, {attempts} times" if attempts > 1 else event.text
    progress.failed[event.number] = why
    if run is not None:
        store.end_run(run.id, "FAILED", why)
    return False


def stop_trials(
    launcher: Launcher, store: Store, parent_id: str, progress: Progress, observer: SweepObserver, cause: BaseException
) -> None:
    """End the running trials of a sweep that ends early: as KILLED where a signal ends it, at once if another comes."""
    if not isinstance(cause, KeyboardInterrupt):
        launcher.close()
        return
    try:
        with signals_let_through():
            launcher.interrupt()
            deadline = time.monotonic() + INTERRUPT_SECONDS
            while progress.running and time.monotonic() < deadline:
                for event in launcher.wait(WAIT_SECONDS):
                    if event.ends_trial:
                        progress.running.discard(event.number)
                    if event.kind == "finished":
                        progress.finished.add(event.number)
                    # A worker that was still starting ends without a word.
                    told = replace(event, kind="killed") if event.kind == "died" else event
                    observer.trial_changed(told, again=False)
                observer.waited()
    except KeyboardInterrupt:
        pass
    launcher.close()
    for run in children(store, parent_id).values():
        if run.status == "RUNNING":
            mark_killed(store, run, "ended with its sweep")
