"""Confirm a sweep: its best point and the runner-up are trained again, with seeds that no trial of it had."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from deeplab.config.compose import Composer
from deeplab.errors import UserError
from deeplab.evaluation.intervals import Interval, verdict
from deeplab.metrics import metric_of
from deeplab.sweep.check import checked_plan
from deeplab.sweep.decision.result import Decision
from deeplab.sweep.decision.rounds import Pair
from deeplab.sweep.grid import Axis, point_name, read_grid
from deeplab.sweep.grid_source import GridSource
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import begin_sweep
from deeplab.sweep.plan import Plan, Trial
from deeplab.sweep.replicates import replicate_seed, trainings_of
from deeplab.sweep.results.summary import Summary, TrialScores, best_point
from deeplab.sweep.run import SweepResult, carry_out
from deeplab.sweep.search.plan import SearchPlan
from deeplab.sweep.workers import threads_of
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CONFIRMS_TAG

FILE = "confirmation.json"
FRESH = 0x636F6E  # keeps these seeds apart from those of sweeps and decisions
LEAST, MOST = 2, 1000  # seeds: of one there is no interval
Settings = Mapping[str, str]


@dataclass(frozen=True)
class Confirmation:
    """What the best point of a sweep and its runner-up come to with fresh seeds."""

    summary: Summary  # of both, the best of the sweep first
    decision: Decision  # of the first against the second, by a t-interval that was looked at once


def check_confirmable(count: int | None, plan: Plan | SearchPlan) -> None:
    """Refuse a sweep that cannot be confirmed with so many seeds, before it is trained; None confirms nothing."""
    if count is None:
        return
    points, axes = (len(plan.points), plan.axes) if isinstance(plan, Plan) else (plan.points, plan.grid.axes)
    if not LEAST <= count <= MOST:
        raise UserError(f"--confirm must be from {LEAST} to {MOST:,} fresh seeds, got {count}.")
    if points < 2:
        raise UserError("--confirm trains the best point and the runner-up again, and there is one point alone.")
    if plan.sweep.comparison.objectives:
        raise UserError("--confirm trains the best point again, and of several sweep.objectives there is none.")
    if any(axis.key == "seed" for axis in axes):
        raise UserError("--confirm takes fresh seeds, so that a sweep over seed has nothing to confirm: replicates=5.")


def finalists(summary: Summary) -> tuple[Settings, Settings] | None:
    """The best point of a grid and the best of the others; None where only one has a score."""
    metric, best, points = summary.metric, summary.best, summary.points
    if best is None:
        return None
    scores = [
        [] if number == best else [trial.scores[metric] for trial in point.trials if metric in trial.scores]
        for number, point in enumerate(points)
    ]
    on_test = {number for number, point in enumerate(points) if any(trial.on_test for trial in point.trials)}
    if not summary.choice.on_test:  # those that were did not compete
        scores = [[] if number in on_test else each for number, each in enumerate(scores)]
    second = best_point(scores, metric, summary.replicates, on_test).number
    return None if second is None else (points[best].settings, points[second].settings)


def fresh_seeds(seed: int, count: int, taken: Collection[int]) -> list[int]:
    """Draw seeds that were not taken, others for every `count`.

    Examples:
        >>> len(set(fresh_seeds(0, 5, ()))), set(fresh_seeds(0, 5, ())) & set(fresh_seeds(0, 6, ()))
        (5, set())
    """
    drawn: list[int] = []
    number = 0
    while len(drawn) < count:
        each = int(np.random.SeedSequence([seed, FRESH, count, number]).generate_state(1)[0])
        drawn += [each] if each not in taken and each not in drawn else []
        number += 1
    return drawn


def plan_confirmation(
    plan: Plan | SearchPlan, run_id: str, both: tuple[Settings, Settings], count: int, config_dir: Path | None
) -> Plan:
    """Plan the trainings of two points with fresh seeds.

    Args:
        plan: of the sweep or the search.
        run_id: of the same.
        both: the best point and the runner-up.
        count: seeds.
        config_dir: a person's own `conf/` folder.
    """
    composer = Composer(config_dir)
    grid, first = read_grid(plan.overrides, composer)
    sweep = replace(first, replicates=count)
    seeds = fresh_seeds(first.run.config.seed, count, _taken(plan))
    threads = threads_of(first.launcher, first.run.config.training.device, len(both) * sweep.trainings)
    trials: list[Trial] = []
    for point, settings in enumerate(both):
        each = (composer.compose([*grid.overrides(settings), f"seed={seed}"]).values for seed in seeds)
        folds = (values for one in each for values in trainings_of(one, sweep, threads))
        trials += [Trial(point, number, values) for number, values in enumerate(folds)]
    axes = tuple(Axis(axis.key, tuple(dict.fromkeys(one[axis.key] for one in both))) for axis in grid.axes)
    purpose = (f"--confirm {count}", run_id, *map(point_name, both))
    return Plan(
        f"{plan.name} confirmed", plan.overrides, axes, tuple(map(dict, both)), sweep, tuple(trials), purpose=purpose
    )


def run_confirmation(
    result: SweepResult[Any, Any], count: int, config_dir: Path | None, observer: SweepObserver
) -> SweepResult[Plan, Confirmation]:
    """Train the best point of a sweep and the runner-up with fresh seeds, what is missing of it.

    Args:
        result: of a grid or a search.
        count: seeds.
        config_dir: a person's own `conf/` folder.
        observer: is told how it goes.

    Raises:
        UserError: fewer than two points have a score; for the rest see `carry_out`.
    """
    if isinstance(result.plan, SearchPlan):
        from deeplab.sweep.search.parent_run import two_best  # here, because it imports Optuna

        drawn = two_best(result.summary, result.plan.sweep.comparison.metric)
        both = None if drawn is None else (drawn[0].settings, drawn[1].settings)
    else:
        both = finalists(result.summary)
    if both is None:
        raise UserError("--confirm trains the best point and the runner-up again, and fewer than two have a score.")
    plan = checked_plan(plan_confirmation(result.plan, result.run_id, both, count, config_dir))
    return carry_out(ConfirmationSource(plan, result.run_id), observer)


class ConfirmationSource(GridSource):
    """The trials of a confirmation, which are a grid's."""

    noun = "confirmation"

    def __init__(self, plan: Plan, run_id: str) -> None:
        """Begin with nothing done; the run is that of the sweep."""
        super().__init__(plan)
        self._run_id = run_id

    def begin(self, store: Store) -> RunLog:
        """Create the parent run, from which the sweep is found."""
        log = begin_sweep(store, self.plan)
        log.set_tag(CONFIRMS_TAG, self._run_id)
        return log

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> Confirmation:  # type: ignore[override]
        """Write what a sweep writes, and what is said of the two points."""
        summary = super().sum_up(log, store, runs)
        decision = decided(self.plan, summary)
        log.log_text(FILE, decision.to_json())
        return Confirmation(summary, decision)


def decided(plan: Plan, summary: Summary) -> Decision:
    """Hold the first point against the second, by the interval that a sweep of two points has."""
    first, second = summary.points
    held = first if first.corrected is not None else second
    sign = (1 if held is first else -1) * (1 if metric_of(summary.metric).higher_is_better else -1)
    found = _times(held.corrected, sign)
    scores = [_by_seed(point.trials, summary.metric, summary.folds) for point in summary.points]
    shared = sorted(scores[0].keys() & scores[1].keys())
    difference = sum(scores[0][each] - scores[1][each] for each in shared) / len(shared) if shared else None
    pair = Pair(0, 1, len(shared), difference, found, verdict(found, 0.0))
    seconds = sum(trial.seconds for point in summary.points for trial in point.trials)
    names = tuple(map(point_name, plan.points))
    counts = tuple(map(len, scores))
    return Decision(names, summary.metric, 0.0, (pair,), counts, tuple(scores), seconds, summary.folds)


def _by_seed(trials: Sequence[TrialScores], metric: str, folds: int) -> dict[int, float]:
    """The scores of a point by the number of the seed: where there are folds their mean, once all are there."""
    scores: dict[int, list[float]] = {}
    for trial in trials:
        if metric in trial.scores:
            scores.setdefault(trial.replicate // folds, []).append(trial.scores[metric])
    return {seed: fmean(each) for seed, each in scores.items() if len(each) == folds}


def _times(interval: Interval | None, sign: int) -> Interval | None:
    if interval is None or not math.isfinite(interval.low):
        return None
    if sign > 0:
        return interval
    return Interval(0.0 - interval.mean, 0.0 - interval.high, 0.0 - interval.low)  # of which none is -0


def _taken(plan: Plan | SearchPlan) -> set[int]:
    """The seeds that trials of a sweep had."""
    if isinstance(plan, Plan):
        return {trial.values["seed"] for trial in plan.trials}
    seed = plan.sweep.run.config.seed
    return {replicate_seed(seed, number) for number in range(plan.sweep.replicates)}
