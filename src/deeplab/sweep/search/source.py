"""The trials of a search: drawn one after the other, and ended early where they are worse than most."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import fmean

from optuna.trial import TrialState

from deeplab.errors import UserError
from deeplab.metrics import metric_of
from deeplab.sweep.budget import Clock
from deeplab.sweep.grid import point_name
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.replicates import replicate_name
from deeplab.sweep.search.objectives import means, score_of
from deeplab.sweep.search.optuna_study import (
    EPOCHS,
    IDENTITY,
    REPLICATES,
    SETTINGS,
    ask,
    finished_trials,
    open_study,
    report_again,
    suggest,
    tell,
    tell_orphans,
    whole_scores,
)
from deeplab.sweep.search.pairs import Pairs
from deeplab.sweep.search.parent_run import SearchTrial, begin_search, log_search, read_drawn
from deeplab.sweep.search.plan import SearchPlan
from deeplab.sweep.search.point import Point
from deeplab.sweep.source import PlannedTrial
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import POINT_TAG, PRUNED_TAG, STUDY_TAG, TRIALS_TAG

# Points of a TPE search that a cluster trains at once: it draws from what is finished.
MOST_AT_ONCE = 8


class SearchSource:
    """Draws points from a study, and tells it what came of them.

    The first replicate of a point is trained alone, and it alone is pruned: a bad point costs one training, or less.
    The others follow when it is finished, and the study is told the mean. A point fails with any of its replicates;
    those that have not begun then are not trained.
    Several objectives prune nothing. A training that is drawn a second time is not done a second time: its outcome is
    told again.
    """

    noun, folder = "search", "searches"

    def __init__(self, plan: SearchPlan, observer: SweepObserver) -> None:
        """Draw nothing yet; the observer is told of trials that end without being trained."""
        self.plan, self._observer = plan, observer
        self._metric = plan.sweep.comparison.metric
        self._logged_as = metric_of(self._metric).logged_as
        on_cluster = plan.sweep.launcher.kind != "local"
        self._most_open = MOST_AT_ONCE if on_cluster and plan.kind == "tpe" else plan.points
        self._clock, self._pairs = Clock(plan.hours), Pairs(metric_of(self._metric))
        self._points: dict[int, Point] = {}
        self._waiting: deque[tuple[int, int]] = deque()  # a point and a replicate of it
        self._waiting_duplicates: dict[str, list[int]] = {}
        self._done: set[int] = set()
        self._failed: dict[int, str] = {}

    @property
    def finished(self) -> int:
        """Trainings that are done, those counted that pruning spared."""
        return len(self._done) * self.plan.replicates

    @property
    def failed(self) -> dict[str, str]:
        """Why trials failed, by name."""
        return {self._name(number): why for number, why in sorted(self._failed.items())}

    @property
    def failure(self) -> str:
        """How many trials failed, in words."""
        return f"{len(self.failed)} trials failed"

    @property
    def standing(self) -> str:
        """How far it is."""
        return f"{len(self._done)} of {self.plan.points} trials are finished or pruned, and kept"

    @property
    def ended(self) -> str:
        """What the hours left undone, or nothing."""
        is_left = self._clock.is_over and (self._left > 0 or len(self._waiting) > 0)
        return self._clock.ended(self.standing) if is_left else ""

    @contextmanager
    def opened(self, store: Store, before: Run | None) -> Iterator[None]:
        """Open the study, which must be there where the search is gone on with."""
        path = store.place.work_folder / self.folder / f"{self.plan.key}.db"
        with open_study(path, self.plan, None if before is None else before.tags[STUDY_TAG]) as study:
            self._study, self._store = study, store
            yield

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""
        return begin_search(store, self.plan, self._study.study_name)

    def survey(self, log: RunLog, runs: Mapping[str, Run]) -> None:
        """Settle what an earlier start left in the study, and see what can be gone on with."""
        log.set_tag(TRIALS_TAG, str(self.plan.points))
        tell_orphans(self._study, runs, self.plan.told)
        done = finished_trials(self._study)
        self._known = {str(trial.user_attrs[IDENTITY]): trial.number for trial in done}
        self._done.update(trial.number for trial in done)
        self._left = self.plan.points - len(done)
        for scores in () if self.plan.objectives else whole_scores(done, runs, self._metric):
            self._pairs.add(scores)
        self._trained: dict[str, tuple[str, float]] = {}
        self._unfinished: dict[str, str] = {}
        for identity, run in runs.items():
            if (score := score_of(run, self._metric)) is not None:
                self._trained[identity] = (run.id, score)
            elif PRUNED_TAG not in run.tags:
                self._unfinished[identity] = run.id

    def next_trial(self) -> PlannedTrial | None:
        """A replicate of a point that has begun, else the first one of a new point."""
        if self._clock.is_over:
            return None
        while not self._waiting and self._left > 0 and len(self._waiting_duplicates) < self._most_open:
            self._left -= 1
            self._draw()
        if not self._waiting:
            return None
        number, replicate = self._waiting.popleft()
        point = self._points[number]
        trial = point.trials[replicate]
        previous = self._unfinished.pop(trial.identity, None)
        if previous is not None:
            self._store.set_tag(previous, POINT_TAG, str(number))
        place, overrides = number * self.plan.replicates + replicate, tuple(self.plan.grid.overrides(point.settings))
        return PlannedTrial(place, self._name(place), trial, point.settings, overrides, previous, asks=replicate == 0)

    def should_continue(self, event: TrialEvent) -> bool:
        """Report an epoch; a trial that is done with all of them is not pruned, there is nothing to be saved."""
        point = self._points[event.number // self.plan.replicates]
        if self.plan.objectives:
            point.asked.set_user_attr(EPOCHS, event.epoch)
            return True
        if event.epoch > point.reported:  # it goes back to a checkpoint after its worker died
            point.reported = event.epoch
            point.asked.report(event.metrics[self._metric], event.epoch)
        return event.epoch < point.reported or event.epoch >= event.epochs or not point.asked.should_prune()

    def take(self, event: TrialEvent) -> TrialEvent:
        """Take down how a replicate ended, and with the last one how its point did."""
        number, replicate = divmod(event.number, self.plan.replicates)
        point = self._points[number]
        point.open.discard(replicate)
        if event.kind == "finished":
            score = point.scores[replicate] = event.metrics[self._logged_as]
            self._trained[point.trials[replicate].identity] = (event.run_id, score)
            if replicate == 0:
                self._waiting.extend((number, each) for each in sorted(point.open))
            point.is_hopeless = bool(point.open) and self._pairs.is_hopeless(point.scores)
        if event.kind != "finished" or point.is_hopeless:
            # What has not begun is not trained any more; what runs is left to end.
            waiting = {each for of, each in self._waiting if of == number}
            spared = waiting if replicate else set(point.open)
            point.open -= spared
            self._waiting = deque(each for each in self._waiting if each[0] != number)
            event = replace(event, skips=len(spared))
        if event.kind == "failed":
            self._failed[event.number] = point.why = event.text
        if not point.open:
            ended = TrialState.PRUNED if event.kind == "pruned" or point.is_hopeless else TrialState.COMPLETE
            self._settle(number, TrialState.FAIL if point.why else ended)
        return event

    def take_late(self, event: TrialEvent) -> None:
        """Count a finished trial; the study, perhaps in the middle of a line, hears of it at the next start."""
        number, replicate = divmod(event.number, self.plan.replicates)
        point = self._points[number]
        point.open.discard(replicate)
        if not (point.open or point.why):
            self._done.add(number)

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> tuple[SearchTrial, ...]:
        """Write table and figure into the parent run."""
        log.set_tag(TRIALS_TAG, str(len(self._done) if self._clock.is_over else self.plan.points))
        drawn = read_drawn(self._study, runs, self.plan)
        log_search(log, store, self.plan, drawn, runs)
        return drawn

    def _draw(self) -> None:
        """Ask for a point; it is waiting afterwards, unless its outcome is known or will be without it."""
        asked = ask(self._study, self.plan)
        number, settings = asked.number, suggest(asked, self.plan.grid.axes)
        asked.set_user_attr(SETTINGS, settings)
        point = self._points[number] = Point(asked, settings)
        try:
            point.trials = self.plan.trials(number, settings)
        except UserError as error:
            self._fail(number, str(error))
            return
        identity = point.trials[0].identity
        if len(point.trials) > 1:
            asked.set_user_attr(REPLICATES, [trial.identity for trial in point.trials])
        asked.set_user_attr(IDENTITY, identity)
        if identity in self._known:
            self._reuse_outcome(number, self._known[identity])
        elif identity in self._waiting_duplicates:
            self._waiting_duplicates[identity].append(number)
        else:
            self._waiting_duplicates[identity] = []
            self._begin(number)

    def _begin(self, number: int) -> None:
        """Put what is to be trained of a new point among what waits; what is finished of it already counts."""
        point, count = self._points[number], self.plan.replicates
        point.open = set(range(count))
        for replicate, trial in enumerate(point.trials):
            if trial.identity in self._trained:
                run_id, score = self._trained[trial.identity]
                point.scores[replicate] = score
                self._store.set_tag(run_id, POINT_TAG, str(number))
                point.open.remove(replicate)
                self._tell(
                    TrialEvent(number * count + replicate, "finished", run_id=run_id, metrics={self._logged_as: score})
                )
        # It and others are pruned by what it reported when it was trained before.
        point.reported = report_again(self._study, point.asked, point.trials[0].identity)
        if 0 in point.open:
            self._waiting.append((number, 0))
        elif point.open and self._pairs.is_hopeless(point.scores):
            self._settle(number, TrialState.PRUNED)
            self._tell(TrialEvent(number * count + min(point.open), "pruned", skips=len(point.open) - 1))
        elif point.open:
            self._waiting.extend((number, replicate) for replicate in sorted(point.open))
        else:
            self._settle(number, TrialState.COMPLETE)

    def _fail(self, number: int, why: str) -> None:
        """End a point that was never trained."""
        self._points[number].why = self._failed[number * self.plan.replicates] = why
        self._settle(number, TrialState.FAIL)
        self._tell(TrialEvent(number * self.plan.replicates, "failed", why, skips=self.plan.replicates - 1))

    def _told(self, point: Point) -> list[float]:
        """What a point of which all replicates are finished comes to."""
        if not self.plan.objectives:
            return [fmean(point.scores.values())]
        runs = [self._store.get_run(self._trained[trial.identity][0]) for trial in point.trials]
        return means(runs, self.plan.objectives)

    def _settle(self, number: int, state: TrialState, told: Sequence[float] = ()) -> None:
        """Tell the study how a point ended, and that those ended so that are the same."""
        point = self._points[number]
        values = (told or self._told(point)) if state == TrialState.COMPLETE else None
        if why := tell(self._study, point.asked, values, state, self.plan.told):
            point.why = self._failed[number * self.plan.replicates] = why
        elif state == TrialState.COMPLETE and not self.plan.objectives:
            self._pairs.add(point.scores)
        if not point.trials:
            return
        identity = point.trials[0].identity
        if state != TrialState.FAIL and not why:
            self._done.add(number)
            self._known[identity] = number
        for duplicate in self._waiting_duplicates.pop(identity, ()):
            self._reuse_outcome(duplicate, number)

    def _reuse_outcome(self, number: int, other: int) -> None:
        """End a point as another one did that is the same."""
        outcome, count = self._study.get_trials(deepcopy=False)[other], self.plan.replicates
        for epoch, value in outcome.intermediate_values.items():
            self._points[number].asked.report(value, epoch)
        if EPOCHS in outcome.user_attrs:
            self._points[number].asked.set_user_attr(EPOCHS, outcome.user_attrs[EPOCHS])
        if outcome.state == TrialState.FAIL:
            self._fail(number, self._points[other].why)
        elif outcome.state == TrialState.COMPLETE:
            score = self._points[number].scores[0] = outcome.values[self.plan.told.index(self._metric)]
            self._settle(number, outcome.state, outcome.values)
            self._tell(TrialEvent(number * count, "finished", metrics={self._logged_as: score}, skips=count - 1))
        else:
            self._settle(number, outcome.state)
            self._tell(TrialEvent(number * count, "pruned", skips=count - 1))

    def _tell(self, event: TrialEvent) -> None:
        """Tell the observer of a trial that ends without being trained."""
        self._observer.trial_submitted(event.number, self._name(event.number))
        self._observer.trial_changed(event, will_retry=False)

    def _name(self, place: int) -> str:
        number, replicate = divmod(place, self.plan.replicates)
        return replicate_name(point_name(self._points[number].settings), replicate, self.plan.sweep)
