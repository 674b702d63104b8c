"""The loop of a search: draw trials, train them, and end early what is worse than most."""

from collections import deque
from collections.abc import Mapping

from optuna.study import Study
from optuna.trial import Trial as Asked
from optuna.trial import TrialState

from deeplab.errors import UserError
from deeplab.metrics import metric_of
from deeplab.sweep.grid import point_name
from deeplab.sweep.launch.local import LocalLauncher
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import children, trial_tags
from deeplab.sweep.plan import Trial
from deeplab.sweep.progress import WAIT_SECONDS, Progress, retry_or_fail
from deeplab.sweep.search.optuna_study import IDENTITY, SETTINGS, finished_trials, suggest
from deeplab.sweep.search.plan import SearchPlan
from deeplab.tracking.store import Store
from deeplab.tracking.tags import POINT_TAG


class SearchLoop:
    """Draws from a study and trains what was drawn, several trials at a time.

    A training that is drawn a second time is not done a second time: its outcome is told again.
    """

    def __init__(
        self, search: SearchPlan, study: Study, store: Store, launcher: LocalLauncher, observer: SweepObserver
    ) -> None:
        """Start nothing yet.

        Args:
            search: what is drawn from.
            study: that draws.
            store: where runs are kept.
            launcher: that trains.
            observer: told how it goes.
        """
        self._search, self._study, self._store = search, study, store
        self._launcher, self._observer = launcher, observer
        self._metric = search.config.sweep.metric
        self._asked: dict[int, Asked] = {}
        self._settings: dict[int, dict[str, str]] = {}
        self._trials: dict[int, Trial] = {}
        self._reported: dict[int, int] = {}
        self._twins: dict[str, list[int]] = {}
        self.progress = Progress(deque(), set())

    @property
    def failed(self) -> dict[str, str]:
        """Why trials failed, by name."""
        return {point_name(self._settings[number]): why for number, why in sorted(self.progress.failed.items())}

    def go_on(self, run_id: str, unfinished: Mapping[str, str]) -> None:
        """Take up what the study has already; none of its trials runs yet.

        Args:
            run_id: of the search's own run.
            unfinished: runs to go on with, by the identity of their trial.
        """
        self._run_id, self._unfinished = run_id, dict(unfinished)
        done = finished_trials(self._study)
        self._known = {str(trial.user_attrs[IDENTITY]): trial.number for trial in done}
        self.progress.finished.update(trial.number for trial in done)

    def run(self) -> None:
        """Draw and train until enough is done."""
        left, progress = self._search.count - len(self.progress.finished), self.progress
        while left > 0 or progress.waiting or progress.running:
            while left > 0 and not progress.waiting and len(progress.running) < self._launcher.capacity:
                left -= 1
                self._draw()
                self._submit()
            self._submit()
            for event in self._launcher.wait(WAIT_SECONDS):
                self._take(event)
            self._observer.waited()

    def _draw(self) -> None:
        """Ask for a trial; it is waiting afterwards, unless its outcome is known or will be without it."""
        asked = self._study.ask()
        number = asked.number
        settings = suggest(asked, self._search.grid.axes)
        asked.set_user_attr(SETTINGS, settings)
        self._asked[number], self._settings[number] = asked, settings
        try:
            trial = self._trials[number] = self._search.trial(number, settings)
        except UserError as error:
            self._observer.trial_submitted(number, point_name(settings))
            self._settle(number, TrialState.FAIL, why=str(error))
            self._observer.trial_changed(TrialEvent(number, "failed", str(error)), again=False)
            return
        asked.set_user_attr(IDENTITY, trial.identity)
        if trial.identity in self._known:
            self._repeat(number, self._known[trial.identity])
        elif trial.identity in self._twins:
            self._twins[trial.identity].append(number)
        else:
            self._twins[trial.identity] = []
            self.progress.waiting.append(number)

    def _submit(self) -> None:
        """Hand out what waits, as far as there is room."""
        progress = self.progress
        while progress.waiting and len(progress.running) < self._launcher.capacity:
            number = progress.waiting.popleft()
            trial, name = self._trials[number], point_name(self._settings[number])
            tags = trial_tags(self._settings[number], trial, self._run_id)
            previous = progress.previous.get(number) or self._unfinished.pop(trial.identity, None)
            if previous is not None:
                self._store.set_tag(previous, POINT_TAG, tags[POINT_TAG])
            overrides = tuple(self._search.grid.overrides(self._settings[number]))
            uri = self._store.place.uri
            job = TrialJob(number, name, trial.values, overrides, tags, self._run_id, uri, previous, asks=True)
            progress.running.add(number)
            self._launcher.submit(job)
            self._observer.trial_submitted(number, name)

    def _take(self, event: TrialEvent) -> None:
        number, again = event.number, False
        if event.ends_trial:
            self.progress.running.discard(number)
        if event.kind == "epoch":
            self._launcher.answer(ContinueReply(number, event.epoch, self._goes_on(event)))
        elif event.kind == "finished":
            self._settle(number, TrialState.COMPLETE, event.metrics[metric_of(self._metric).logged_as])
        elif event.kind == "pruned":
            self._settle(number, TrialState.PRUNED)
        elif event.kind == "failed":
            self._settle(number, TrialState.FAIL, why=event.text)
        elif event.kind in ("died", "killed"):
            trial, retries = self._trials[number], self._search.config.launcher.retries
            again = retry_or_fail(event, trial.identity, retries, self._store, self._run_id, self.progress)
            if number in self.progress.finished:
                run = children(self._store, self._run_id)[trial.identity]
                self._settle(number, TrialState.COMPLETE, run.metrics[metric_of(self._metric).logged_as])
            elif not again:
                self._settle(number, TrialState.FAIL, why=self.progress.failed[number])
        self._observer.trial_changed(event, again)

    def _goes_on(self, event: TrialEvent) -> bool:
        """Report an epoch; a trial that is done with all of them is not pruned, there is nothing to be saved."""
        asked = self._asked[event.number]
        if event.epoch > self._reported.get(event.number, 0):  # it goes back to a checkpoint after its worker died
            self._reported[event.number] = event.epoch
            asked.report(event.metrics[self._metric], event.epoch)
        return event.epoch >= event.epochs or not asked.should_prune()

    def _settle(self, number: int, state: TrialState, value: float | None = None, why: str = "") -> None:
        """Tell the study how a trial ended, and that those ended so that are the same training."""
        self._study.tell(self._asked[number], value, state)
        if state == TrialState.FAIL:
            self.progress.failed[number] = why
        else:
            self.progress.finished.add(number)
        if number not in self._trials:
            return
        identity = self._trials[number].identity
        if state != TrialState.FAIL:
            self._known[identity] = number
        for twin in self._twins.pop(identity, ()):
            self._repeat(twin, number)

    def _repeat(self, number: int, other: int) -> None:
        """End a trial as another one did that is the same training."""
        outcome = self._study.get_trials(deepcopy=False)[other]
        for epoch, value in outcome.intermediate_values.items():
            self._asked[number].report(value, epoch)
        why = self.progress.failed.get(other, "")
        complete = outcome.state == TrialState.COMPLETE
        self._settle(number, outcome.state, outcome.value if complete else None, why)
        self._observer.trial_submitted(number, point_name(self._settings[number]))
        if outcome.state == TrialState.FAIL:
            event = TrialEvent(number, "failed", why)
        elif complete and outcome.value is not None:
            event = TrialEvent(number, "finished", metrics={metric_of(self._metric).logged_as: outcome.value})
        else:
            event = TrialEvent(number, "pruned")
        self._observer.trial_changed(event, again=False)
