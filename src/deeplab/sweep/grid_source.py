"""The trials of a grid: in the order of its plan, or replicate by replicate where a budget may end it."""

from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from deeplab.metrics import metric_of
from deeplab.sweep.budget import Budget, Clock
from deeplab.sweep.grid import point_name
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.paired_stop import Beaten, beaten_points
from deeplab.sweep.parent_run import begin_sweep, check_unchanged, first_few
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import Summary, summarise
from deeplab.sweep.results.write import log_outcome, read_scores
from deeplab.sweep.source import PlannedTrial
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store


class GridSource:
    """Every trial of a plan that is not finished yet."""

    noun, folder = "sweep", "sweeps"

    def __init__(self, plan: Plan, budget: Budget | None = None) -> None:
        """Begin with nothing done."""
        self.plan, self._budget = plan, budget or Budget()
        self._clock = Clock(self._budget.hours)
        self._begun = 0
        self._by_point: list[dict[int, float]] = [{} for _ in plan.points]
        self._beaten: dict[int, Beaten] = {}
        self._waiting: deque[int] = deque()
        self._previous: dict[int, str] = {}
        self._finished: set[int] = set()
        self._failed: dict[int, str] = {}

    @property
    def finished(self) -> int:
        """Trials that are done and kept."""
        return len(self._finished)

    @property
    def failed(self) -> dict[str, str]:
        """Why trials failed, by name."""
        return {self.plan.trial_name(self.plan.trials[number]): why for number, why in sorted(self._failed.items())}

    @property
    def failure(self) -> str:
        """How many trials failed, in words."""
        return f"{len(self._failed)} of {self.plan.count} trials failed"

    @property
    def standing(self) -> str:
        """How far it is."""
        return f"{self.finished} of {self.plan.count} trials are finished and kept"

    @property
    def ended(self) -> str:
        """What the budget left undone, and which points were ended that can no longer become the best, or nothing."""
        stopped = [self._stopped(point) for point in sorted(self._beaten) if self._is_missing(point)]
        told = f"sweep.stop=paired ended {first_few(stopped)}." if stopped else ""
        return " ".join(filter(None, (self._unbegun(), told)))

    def _is_missing(self, point: int) -> bool:
        return len(self._by_point[point]) < self.plan.replicates

    def _stopped(self, point: int) -> str:
        found, names = self._beaten[point], [point_name(settings) for settings in self.plan.points]
        return (
            f"'{names[point]}' after {len(self._by_point[point])} of {self.plan.replicates} replicates, since "
            f"'{names[found.by]}' is better by {found.interval.mean:.4g} "
            f"({found.interval.low:.4g} to {found.interval.high:.4g})"
        )

    def _unbegun(self) -> str:
        if not self._waiting or self._budget.is_open:
            return ""
        plan, counts = self.plan, self._counts()
        each = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
        missing = first_few([f"'{plan.trial_name(plan.trials[number])}'" for number in sorted(self._waiting)])
        what = (
            f"{self.finished} of {plan.count} trials are finished, {each} of {plan.replicates} of each point; "
            f"missing: {missing}"
        )
        most = self._budget.trials
        if most is not None and self._begun >= most:
            return f"--trials {most} ended it: {what}. The same command with more goes on."
        return self._clock.ended(what)

    def opened(self, store: Store, before: Run | None) -> AbstractContextManager[object]:
        """Refuse to go on with another plan."""
        if before is not None:
            check_unchanged(store, before, self.plan)
        return nullcontext()

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""
        return begin_sweep(store, self.plan)

    def survey(self, log: RunLog, runs: Mapping[str, Run]) -> None:
        """Take down what of the plan is in the store already."""
        for number, trial in enumerate(self.plan.trials):
            run = runs.get(trial.identity)
            if run is not None and run.status == "FINISHED":
                self._take_score(number, run.metrics)
                continue
            self._waiting.append(number)
            if run is not None:
                self._previous[number] = run.id
        self._begun = len(self._finished)
        self._end_beaten()
        if (
            not self._budget.is_open or self.plan.sweep.comparison.stop
        ):  # so that what is ended is fair: no point has two trainings more than another
            trials = self.plan.trials
            self._waiting = deque(sorted(self._waiting, key=lambda number: (trials[number].replicate, number)))

    def next_trial(self) -> PlannedTrial | None:
        """The next one of the plan."""
        most = self._budget.trials
        if not self._waiting or self._clock.is_over or (most is not None and self._begun >= most):
            return None
        number = self._waiting.popleft()
        self._begun += 1
        plan, trial = self.plan, self.plan.trials[number]
        settings, previous = plan.points[trial.point], self._previous.get(number)
        return PlannedTrial(number, plan.trial_name(trial), trial, settings, plan.overrides, previous)

    def should_continue(self, event: TrialEvent) -> bool:
        """Nothing is pruned in a grid."""
        return True

    def take(self, event: TrialEvent) -> TrialEvent:
        """Take down how a trial ended."""
        if event.kind == "finished":
            self._take_score(event.number, event.metrics)
            return replace(event, skips=self._end_beaten())
        self._failed[event.number] = event.text
        return event

    def take_late(self, event: TrialEvent) -> None:
        """Take down that a trial finished while the sweep was being ended."""
        self._take_score(event.number, event.metrics)

    def _take_score(self, number: int, metrics: Mapping[str, float]) -> None:
        self._finished.add(number)
        trial, name = self.plan.trials[number], metric_of(self.plan.sweep.comparison.metric).logged_as
        if name in metrics:
            self._by_point[trial.point][trial.replicate] = metrics[name]

    def _end_beaten(self) -> int:
        """Train nothing more of points that can no longer become the best; returns how many trainings that spares."""
        comparison, before = self.plan.sweep.comparison, len(self._waiting)
        if comparison.stop is None:
            return 0
        self._beaten = beaten_points(self._by_point, metric_of(comparison.metric).higher_is_better)
        kept = (number for number in self._waiting if self.plan.trials[number].point not in self._beaten)
        self._waiting = deque(kept)
        return before - len(self._waiting)

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> Summary:
        """Write tables and figures into the parent run."""
        finished = [(trial, runs[trial.identity]) for trial in self.plan.trials if trial.identity in runs]
        scores = [read_scores(trial, run) for trial, run in finished if run.status == "FINISHED"]
        plan = self.plan
        metric, folds = plan.sweep.comparison.metric, plan.sweep.folds
        # Of what a budget ended all points compete that have as many trainings as every point has.
        counts = [count for point, count in enumerate(self._counts()) if point not in self._beaten]
        enough = max(1, min(counts)) if self._waiting else None
        summary = summarise(plan.points, scores, metric, plan.replicates, folds, enough=enough)
        log_outcome(log, store, self.plan, summary, runs)
        return summary

    def _counts(self) -> list[int]:
        """How many trainings of each point are finished."""
        counts = [0] * len(self.plan.points)
        for number in self._finished:
            counts[self.plan.trials[number].point] += 1
        return counts
