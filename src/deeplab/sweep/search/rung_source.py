"""The trials of a search by successive halving: many points trained a little, the best of them further and further."""

import json
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from statistics import fmean

from deeplab.errors import UserError
from deeplab.metrics import metric_of
from deeplab.sweep.budget import Clock
from deeplab.sweep.grid import point_name
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import changed_keys, first_few
from deeplab.sweep.plan import Trial
from deeplab.sweep.replicates import replicate_name
from deeplab.sweep.search.draw import Draws
from deeplab.sweep.search.objectives import score_of
from deeplab.sweep.search.pairs import Pairs
from deeplab.sweep.search.parent_run import SearchTrial, begin_search, log_search
from deeplab.sweep.search.plan import SearchPlan
from deeplab.sweep.search.rungs import Climb, asha_next, first_rung, hyperband_next
from deeplab.sweep.source import PlannedTrial
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.read import metric_history
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import POINT_TAG, PRUNED_TAG, TRIALS_TAG

RULES = {"asha": asha_next, "hyperband": hyperband_next}
FROZEN_FILE = "search.json"


@dataclass
class _Point:
    """A point that was drawn."""

    settings: dict[str, str]
    first: int  # the rung that it begins at
    trials: list[Trial] = field(default_factory=list)  # its replicates; none where they cannot be composed
    reached: list[float] = field(default_factory=list)  # scores of the first replicate, rung by rung
    scores: dict[int, float] = field(default_factory=dict)  # of the finished replicates, by number
    runs: dict[int, str] = field(default_factory=dict)  # by replicate
    open: set[int] = field(default_factory=set)  # replicates that are being trained, or waiting for it
    epochs: int = 0  # of the first replicate
    is_hopeless: bool = False  # worse than the best point in pairs of replicates
    why: str = ""  # it failed


class HalvingSource:
    """Draws points at random, and trains the first replicate of each from rung to rung for as long as it is chosen.

    A point that is not chosen for now is paused: its run is PRUNED, its checkpoint kept. The other replicates of a
    point are trained when the first one is finished. What is drawn depends on the seed and the number of the draw, and
    who goes on is told from scores alone, so that all is the same whenever the search was ended.
    """

    noun, folder = "search", "searches"

    def __init__(self, plan: SearchPlan, observer: SweepObserver) -> None:
        """Draw nothing yet; the observer is told of points that cannot be composed."""
        self.plan, self._observer = plan, observer
        self._metric = metric_of(plan.sweep.comparison.metric)
        self._clock, self._pairs = Clock(plan.hours), Pairs(self._metric)
        self._draws = Draws(plan)
        self._points: list[_Point] = []
        self._waiting: deque[tuple[int, int]] = deque()  # a point, and a replicate after its first
        self._is_exhausted = False

    @property
    def finished(self) -> int:
        """Trainings of points that have been compared, those counted that were spared."""
        return sum(bool(point.reached) for point in self._points) * self.plan.replicates

    @property
    def failed(self) -> dict[str, str]:
        """Why trials failed, by name."""
        return {self._name(number, 0): point.why for number, point in enumerate(self._points) if point.why}

    @property
    def failure(self) -> str:
        """How many trials failed, in words."""
        return f"{len(self.failed)} trials failed"

    @property
    def standing(self) -> str:
        """How far it is."""
        reached, done = sum(bool(point.reached) for point in self._points), len(self._whole())
        return f"{reached} of {self.plan.points:,} trials are compared and kept, {done} of them trained to the end"

    @property
    def ended(self) -> str:
        """What the hours left undone, or nothing."""
        is_left = self._clock.is_over and (self._waiting or self._next() is not None)
        return self._clock.ended(self.standing) if is_left else ""

    def opened(self, store: Store, before: Run | None) -> AbstractContextManager[object]:
        """Refuse to go on with another search."""
        self._store = store
        if before is None:
            return nullcontext()
        content = read_artifact(store, before, FROZEN_FILE)
        if content is None:
            raise UserError(f"The search {before.label} ended before it was stored. To begin anew: --fresh.")
        changes = changed_keys(json.loads(content), json.loads(json.dumps(self.plan.frozen)))
        if changes:
            raise UserError(
                f"The search '{self.plan.name}' has changed since it began: {first_few(changes)}. "
                "Put it back to go on, or begin anew: --fresh."
            )
        return nullcontext()

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""
        return begin_search(store, self.plan, None, {FROZEN_FILE: json.dumps(self.plan.frozen)})

    def survey(self, log: RunLog, runs: Mapping[str, Run]) -> None:
        """Draw again what was drawn, and take down how far each point had come."""
        log.set_tag(TRIALS_TAG, str(self.plan.points))
        drawn = max((int(run.tags[POINT_TAG]) for run in runs.values()), default=-1) + 1
        while len(self._points) < min(drawn, self.plan.points) and self._draw():
            number, point = len(self._points) - 1, self._points[-1]
            for replicate, trial in enumerate(point.trials):
                run = runs.get(trial.identity)
                if run is not None:
                    self._take_stored(number, replicate, run)

    def next_trial(self) -> PlannedTrial | None:
        """A replicate of a finished point; else the one that is chosen, old or new."""
        while not self._clock.is_over:
            if self._waiting:
                return self._planned(*self._waiting.popleft())
            number = self._next()
            if number is None:
                return None
            if number < len(self._points) or (self._draw() and not self._points[number].why):
                return self._planned(number, 0)
        return None

    def should_continue(self, event: TrialEvent) -> bool:
        """No trial asks: each knows how far it is to go."""
        return True

    def take(self, event: TrialEvent) -> TrialEvent:
        """Take down how a training ended, for now or for good."""
        number, replicate = divmod(event.number, self.plan.replicates)
        point = self._points[number]
        point.open.discard(replicate)
        if event.kind == "failed":
            point.why = event.text
            self._drop(number)
            return event if point.reached else replace(event, skips=self.plan.replicates - 1)
        is_counted = bool(point.reached)
        if event.kind == "finished":
            self._finish(number, replicate, event.run_id, event.metrics[self._metric.logged_as])
            if point.open and self._pairs.is_hopeless(point.scores):
                self._store.set_tag(point.runs[0], PRUNED_TAG, "true")
                point.is_hopeless = True
                self._drop(number)
        else:
            if not event.metrics:  # its worker died after its last word
                event = self._with_metrics(event)
            point.reached.append(event.metrics[self._metric.name])
            point.epochs, point.runs[0] = event.epoch, event.run_id
            event = replace(event, text=f"{self._metric.name} {point.reached[-1]:.4f} after epoch {event.epoch}")
        return replace(event, skips=-1 if is_counted else self.plan.replicates - 1)

    def take_late(self, event: TrialEvent) -> None:
        """Take down that a training finished while the search was being ended."""
        self.take(event)

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> tuple[SearchTrial, ...]:
        """Write table and figure into the parent run."""
        drawn = tuple(self._outcome(number) for number, point in enumerate(self._points) if point.reached or point.why)
        log.set_tag(TRIALS_TAG, str(len(drawn) if self._clock.is_over else self.plan.points))
        log_search(log, store, self.plan, drawn, runs)
        return drawn

    def _next(self) -> int | None:
        """The point that is trained next; the number of the next draw where it is a new one."""
        climbs = [
            Climb(tuple(map(self._metric.rank, point.reached)), bool(point.open), bool(point.why))
            for point in self._points
        ]
        points = len(self._points) if self._is_exhausted else self.plan.points
        return RULES[self.plan.kind](climbs, len(self.plan.rungs), self.plan.reduction, points)

    def _draw(self) -> bool:
        """Draw a point; False where there is none that was not drawn before."""
        drawn = self._draws.next()
        if drawn is None:
            self._is_exhausted = True
            return False
        number, plan = len(self._points), self.plan
        first = first_rung(plan.kind, number, len(plan.rungs), plan.reduction, plan.points)
        point = _Point(drawn.settings, first, drawn.trials, why=drawn.why)
        self._points.append(point)
        if point.why:
            self._observer.trial_submitted(number * plan.replicates, self._name(number, 0))
            failed = TrialEvent(number * plan.replicates, "failed", point.why, skips=plan.replicates - 1)
            self._observer.trial_changed(failed, will_retry=False)
        return True

    def _planned(self, number: int, replicate: int) -> PlannedTrial:
        point, plan = self._points[number], self.plan
        point.open.add(replicate)
        rung = point.first + len(point.reached)
        until = plan.rungs[rung] if replicate == 0 and rung < len(plan.rungs) - 1 else None
        previous = point.runs.get(replicate)
        if previous is not None and replicate == 0 and point.reached:
            self._store.delete_tag(previous, PRUNED_TAG)
        overrides = tuple(plan.grid.overrides(point.settings))
        name, place = self._name(number, replicate), number * plan.replicates + replicate
        return PlannedTrial(
            place, name, point.trials[replicate], point.settings, overrides, previous, asks=False, until=until
        )

    def _finish(self, number: int, replicate: int, run_id: str, score: float) -> None:
        """Take down the score of a whole training; that of the first replicate lets the others begin."""
        point = self._points[number]
        point.scores[replicate], point.runs[replicate] = score, run_id
        if replicate == 0:
            point.epochs = self.plan.rungs[-1]
            point.reached += [score] * (len(self.plan.rungs) - point.first - len(point.reached))
            point.open |= set(range(1, self.plan.replicates))
            self._waiting.extend((number, each) for each in sorted(point.open))

        if len(point.scores) == self.plan.replicates:
            self._pairs.add(point.scores)

    def _drop(self, number: int) -> None:
        """Train nothing of a point any more that has not begun."""
        self._points[number].open -= {each for of, each in self._waiting if of == number}
        self._waiting = deque(each for each in self._waiting if each[0] != number)

    def _take_stored(self, number: int, replicate: int, run: Run) -> None:
        """Take down what an earlier start trained of a point."""
        point = self._points[number]
        point.runs[replicate] = run.id
        score = score_of(run, self._metric.name)
        if replicate:
            if score is not None and not point.is_hopeless:
                self._waiting.remove((number, replicate))
                point.open.discard(replicate)
            if score is not None:
                self._finish(number, replicate, run.id, score)
            return
        history = dict(metric_history(self._store, run.id, self._metric.name))
        rungs = self.plan.rungs[point.first : -1]
        point.reached = [history[epoch] for epoch in rungs if epoch in history]
        point.epochs = max(history, default=0)
        if score is not None:
            self._finish(number, 0, run.id, score)
            if PRUNED_TAG in run.tags:
                point.is_hopeless = True
                self._drop(number)
        elif point.epochs in rungs and PRUNED_TAG not in run.tags:  # it was killed when all was done
            self._store.set_tag(run.id, PRUNED_TAG, "true")

    def _with_metrics(self, event: TrialEvent) -> TrialEvent:
        steps = metric_history(self._store, event.run_id, self._metric.name)
        return replace(event, epoch=steps[-1][0], metrics={self._metric.name: steps[-1][1]})

    def _whole(self) -> list[_Point]:
        return [point for point in self._points if len(point.scores) == self.plan.replicates]

    def _outcome(self, number: int) -> SearchTrial:
        point = self._points[number]
        is_whole = len(point.scores) == self.plan.replicates
        state = "FAIL" if point.why else "COMPLETE" if is_whole else "PRUNED"
        scores = tuple(point.scores[replicate] for replicate in sorted(point.scores))
        value = fmean(scores) if is_whole else None if point.why else point.reached[-1]
        best = self._metric.best(scores)
        run_id = point.runs.get(0, "") if best is None else point.runs[sorted(point.scores)[best]]
        return SearchTrial(number, point.settings, state, value, point.epochs, run_id, scores)

    def _name(self, number: int, replicate: int) -> str:
        return replicate_name(point_name(self._points[number].settings), replicate, self.plan.sweep)
