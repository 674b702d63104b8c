"""The loop of every sweep: submit trials, hear how they go, try those again whose worker is lost."""

import time
from collections import Counter, deque
from dataclasses import replace

from deeplab.code.file import reference
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import children, trial_tags
from deeplab.sweep.source import PlannedTrial, TrialSource
from deeplab.tracking.run import heartbeat
from deeplab.tracking.run_log import AGAIN_SECONDS, BUSY_SECONDS
from deeplab.tracking.store import Store, short_timeouts, store_errors
from deeplab.tracking.tags import HEARTBEAT_TAG, PRUNED_TAG
from deeplab.workflows.signals import signals_let_through

WAIT_SECONDS = 0.5
INTERRUPT_SECONDS = 30.0


class TrialLoop:
    """Trains what a source has, as many trials at a time as the launcher takes."""

    def __init__(self, source: TrialSource, store: Store, launcher: Launcher, observer: SweepObserver) -> None:
        """Start nothing yet."""
        self._source, self._store, self._launcher, self._observer = source, store, launcher, observer
        self._retries: deque[PlannedTrial] = deque()
        self._attempts: Counter[int] = Counter()
        self.running: dict[int, PlannedTrial] = {}

    def run(self, parent_id: str) -> None:
        """Train until the source has no more."""
        while True:
            while len(self.running) < self._launcher.capacity and (planned := self._next()) is not None:
                self._submit(planned, parent_id)
            if not self.running:
                return
            for event in self._launcher.wait(WAIT_SECONDS):
                self._take(event, parent_id)
            self._observer.waited()

    def stop(self, parent_id: str, cause: BaseException) -> None:
        """End what runs: as KILLED where a signal or a full disk ends the sweep, at once if another signal comes."""
        takes_no_more = isinstance(cause, store_errors()) and self._store.place.database is not None
        if not (takes_no_more or isinstance(cause, KeyboardInterrupt)):
            self._launcher.close()
            return
        try:
            with signals_let_through():
                self._launcher.interrupt()
                deadline = time.monotonic() + INTERRUPT_SECONDS
                while self.running and time.monotonic() < deadline:
                    for event in self._launcher.wait(WAIT_SECONDS):
                        if event.ends_trial:
                            self.running.pop(event.number, None)
                        if event.kind == "finished":
                            self._source.take_late(event)
                        # A worker that was still starting ends without a word.
                        told = replace(event, kind="killed") if event.kind == "died" else event
                        self._observer.trial_changed(told, will_retry=False)
                    self._observer.waited()
        except KeyboardInterrupt:
            pass
        self._launcher.close()
        for run in () if takes_no_more else children(self._store, parent_id).values():
            if run.status == "RUNNING":
                self._store.end_run(run.id, "KILLED", "ended with its sweep")

    def _next(self) -> PlannedTrial | None:
        return self._retries.popleft() if self._retries else self._source.next_trial()

    def _submit(self, planned: PlannedTrial, parent_id: str) -> None:
        tags = trial_tags(planned.settings, planned.trial, parent_id)
        self._launcher.submit(
            TrialJob(
                planned.number, planned.name, planned.trial.values, planned.overrides, tags, parent_id,
                self._store.place.uri, planned.previous, planned.asks, planned.until, reference(),
            )
        )  # fmt: skip
        self.running[planned.number] = planned  # not before: nothing would be heard of one that was not submitted
        self._observer.trial_submitted(planned.number, planned.name)

    def _take(self, event: TrialEvent, parent_id: str) -> None:
        planned = self.running[event.number]
        if not event.ends_trial:
            if event.kind == "epoch" and planned.asks:
                go_on = self._source.should_continue(event)
                self._launcher.answer(ContinueReply(event.number, event.epoch, go_on))
            self._observer.trial_changed(event, will_retry=False)
            return
        del self.running[event.number]
        if event.kind == "failed" and self._was_away(parent_id):
            event = replace(event, kind="died")  # it is not to blame
        if event.kind not in ("died", "killed"):
            self._observer.trial_changed(self._source.take(event), will_retry=False)
        elif (ended := self._retry_or_end(event, planned, parent_id)) is None:
            self._observer.trial_changed(event, will_retry=True)
        else:
            told = self._source.take(ended)
            if ended.kind == "failed":
                told = replace(event, skips=told.skips)
            self._observer.trial_changed(told, will_retry=False)

    def _was_away(self, parent_id: str) -> bool:
        """Give a sign of life; whether the store is out of reach, waited for as long as by a trial that begins.

        Raises:
            Exception: one of `store_errors`: it stays away, or takes no more. No other trial would fare better.
        """
        began = time.monotonic()
        attempts = 0
        while True:
            try:
                with short_timeouts():
                    self._store.set_tag(parent_id, HEARTBEAT_TAG, heartbeat())
            except store_errors():
                if self._store.place.database is not None or time.monotonic() > began + BUSY_SECONDS:
                    raise
            else:
                return attempts > 0
            attempts += 1
            time.sleep(AGAIN_SECONDS)

    def _retry_or_end(self, event: TrialEvent, planned: PlannedTrial, parent_id: str) -> TrialEvent | None:
        """A trial whose worker is gone is tried again, a few times; returns how it ended, or None if it is retried."""
        number, store = event.number, self._store
        self._attempts[number] += 1
        run = children(store, parent_id).get(planned.trial.identity)
        if run is not None and run.status == "FINISHED":  # it died after its last word
            return TrialEvent(number, "finished", run_id=run.id, metrics=dict(run.metrics))
        if run is not None and run.status == "KILLED" and PRUNED_TAG in run.tags:
            return TrialEvent(number, "pruned", run_id=run.id)
        if run is not None:
            store.end_run(run.id, "KILLED", event.text)
        if self._attempts[number] <= self._source.plan.sweep.launcher.retries:
            self._retries.appendleft(replace(planned, previous=planned.previous if run is None else run.id))
            return None
        why = f"{event.text}, {self._attempts[number]} times" if self._attempts[number] > 1 else event.text
        if run is not None:
            store.end_run(run.id, "FAILED", why)
        return TrialEvent(number, "failed", why)
