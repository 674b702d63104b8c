"""What is to be decided: points, a margin, and how long it may take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deeplab.config.compose import ComposedSweep, Composer
from deeplab.errors import UserError, unknown_name
from deeplab.metrics import metric_of
from deeplab.sweep.decision.rounds import Question, first_look
from deeplab.sweep.grid import Faults, Grid, NamedGrid, named_grid, point_name, read_grid
from deeplab.sweep.plan import (
    MOST_TRIALS,
    Trial,
    check_metric,
    check_same_sweep,
    key_of,
    name_of,
    plural,
    sound_point,
    with_identity,
)
from deeplab.sweep.replicates import at_fold
from deeplab.sweep.workers import threads_of
from deeplab.workflows.check import PointCheck

FRESH = 0x646563  # keeps these seeds apart from those of a sweep: a decision is no second look at its trainings
MOST_SEEDS = 100
PointsOf = Callable[[Sequence[str]], tuple[Sequence[str], Mapping[str, Sequence[str]]]]


@dataclass(frozen=True)
class DecisionPlan:
    """A decision that is asked for."""

    name: str
    overrides: tuple[str, ...]  # what the person asked for, word by word
    grid: Grid
    points: tuple[dict[str, str], ...]  # the value of each key, point by point
    sweep: ComposedSweep  # the first point, how all are compared and where they are trained
    question: Question
    most: int  # seeds of a point
    hours: float | None  # that this start may take, or None
    composer: Composer = field(repr=False, compare=False)
    checks: tuple[PointCheck, ...] = ()  # what is known of each point once it was looked at

    @property
    def key(self) -> str:
        """What the same command has in common, whatever margin and budget it is given."""
        return key_of(self.overrides, "decide")

    @property
    def replicates(self) -> int:
        """Seeds of a point that a first answer takes."""
        return min(first_look(self.question.comparisons), self.most)

    @property
    def count(self) -> int:
        """Trainings that a first answer takes."""
        return len(self.points) * self.replicates * self.sweep.folds

    @property
    def size(self) -> str:
        """In words: `2 points, 5 seeds each to begin with`."""
        folds = f" of {self.sweep.folds} folds" if self.sweep.folds > 1 else ""
        return f"{plural(len(self.points), 'point')}, {plural(self.replicates, 'seed')}{folds} each to begin with"

    @property
    def metric(self) -> str:
        """What points are compared by."""
        return self.sweep.comparison.metric

    def point_name(self, point: int) -> str:
        """A point in a few words."""
        return point_name(self.points[point])

    def trial(self, point: int, seed_number: int, fold: int = 0) -> Trial:
        """Compose a training of a point; a UserError where it makes no configuration."""
        overrides = self.grid.overrides(self.points[point])
        seed = seed_of(self.sweep.run.config.seed, seed_number)
        values = self.composer.compose([*overrides, f"seed={seed}"]).values
        threads = threads_of(self.sweep.launcher, self.sweep.run.config.training.device, self.count)
        training = {**values["training"], "threads": values["training"]["threads"] or threads}
        values = at_fold({**values, "training": training}, fold, self.sweep)
        return with_identity(Trial(point, seed_number * self.sweep.folds + fold, values), self.checks[point])

    def trial_name(self, trial: Trial) -> str:
        """As the run is called."""
        seed_number, fold = divmod(trial.replicate, self.sweep.folds)
        folded = f" fold {fold + 1}" if self.sweep.folds > 1 else ""
        return f"{self.point_name(trial.point)} #{seed_number + 1}{folded}"

    @property
    def frozen(self) -> dict[str, Any]:
        """What must stay as it is for the decision to go on."""
        return {
            "points": list(self.points),
            "trainings": [self.trial(point, 0).identity for point in range(len(self.points))],
            "metric": self.metric,
        }


@dataclass(frozen=True)
class Budget:
    """When a decision is to end though something is open."""

    hours: float | None = None  # of this start
    most: int | None = None  # seeds of a point


def seed_of(seed: int, number: int) -> int:
    """The seed of a training, the same at every point, and no one that a sweep takes.

    Examples:
        >>> seed_of(0, 0) != seed_of(0, 1)
        True
    """
    return int(np.random.SeedSequence([seed, FRESH, number]).generate_state(1)[0])


def plan_decision(
    overrides: Sequence[str],
    config_dir: Path | None,
    margin: float | None,
    against: str | None,
    budget: Budget,
    points_of: PointsOf | None = None,
) -> DecisionPlan:
    """Read what is to be decided, and refuse what cannot be.

    Args:
        overrides: as for a sweep.
        config_dir: a person's own `conf/` folder.
        margin: the largest difference that does not matter, in the unit of the metric; None where any matters.
        against: the name of the point that all others are held against, as in `model=cnn`; None is the best.
        budget: may leave both open where there is a margin.
        points_of: tells overrides of all points from names that stand for points with overrides of their own, as
            entries of a study; the overrides of each point are by its name.
    """
    if margin is not None and not 0 <= margin < float("inf"):
        raise UserError(f"--margin must be a number from 0, got {margin:g}.")
    if budget.hours is not None and not 0 < budget.hours < float("inf"):
        raise UserError(f"--hours must be a number above 0, got {budget.hours:g}.")
    if margin is None and budget.hours is None and budget.most is None:
        raise UserError(
            "Without a margin equal points are trained for ever. Give --margin, the largest difference that does not "
            "matter to you, as in --margin 0.002; or a budget, --hours 2 or --max-replicates 20."
        )
    composer = Composer(config_dir)
    common, named = points_of(overrides) if points_of else (overrides, {})
    grid: Grid
    if named:
        grid, first = named_grid(common, "entry", named, composer)
    else:
        grid, first = read_grid(common, composer, "deeplab decide trains each point as often as it takes.")
    for axis in grid.axes:
        if axis.interval is not None:
            raise UserError(f"{axis.key} is given an interval, which is no list of points: deeplab sweep --search tpe")
    if grid.size < 2:
        raise UserError("There is nothing to decide: give a key several values, as in model=cnn,cnn_dropout.")
    if any(text.startswith("replicates=") for text in overrides):  # what an experiment says is for sweeps
        raise UserError(
            "replicates: deeplab decide finds out itself how many are needed; --max-replicates is the most."
        )
    if first.comparison.stop is not None:
        raise UserError("sweep.stop=paired goes with a grid; deeplab decide ends points by itself.")
    first = replace(first, replicates=1)
    check_metric(first)
    points = tuple(grid.points())
    question = Question(
        len(points), metric_of(first.comparison.metric).higher_is_better, margin or 0.0, _base(points, against)
    )
    least = first_look(question.comparisons)
    most = MOST_SEEDS if budget.most is None else budget.most
    if most < least:
        raise UserError(
            f"--max-replicates must be at least {least}: with fewer seeds nothing can be said of {len(points)} points."
        )
    if len(points) * most * first.folds > MOST_TRIALS and budget.most is not None:
        raise UserError(f"--max-replicates {most} of {len(points):,} points are more than {MOST_TRIALS:,} trainings.")
    name = first.run.config.name or f"{name_of(grid, first)} decided"
    return DecisionPlan(name, tuple(overrides), grid, points, first, question, most, budget.hours, composer)


def checked_decision(plan: DecisionPlan) -> DecisionPlan:
    """Check every point on shapes alone; UserErrors are all that is wrong."""
    from deeplab.sweep.check import check_points  # here, because it imports MLflow

    sound: list[dict[str, Any]] = []
    faults = Faults(len(plan.points))
    for settings in plan.points:
        with faults.of(settings):
            composed = plan.composer.compose_sweep(plan.grid.overrides(settings))
            check_same_sweep(_alike(composed, plan.grid), _alike(plan.sweep, plan.grid))
            sound.append(at_fold(composed.run.values, 0, plan.sweep))
    faults.raise_any()
    checks = []
    for settings, checked in zip(plan.points, check_points(sound), strict=True):
        with faults.of(settings):
            checks.append(sound_point(checked, plan.metric))
    faults.raise_any()
    done = replace(plan, checks=tuple(checks))
    seen: dict[str, int] = {}
    for point in range(len(plan.points)):
        other = seen.setdefault(done.trial(point, 0).identity, point)
        if other != point:
            one, two = plan.point_name(other), plan.point_name(point)
            raise UserError(f"'{one}' and '{two}' are the same training: what differs between them changes nothing.")
    return done


def _alike(composed: ComposedSweep, grid: Grid) -> ComposedSweep:
    """A point as it is compared with others: how often an experiment trains it is no matter here.

    Named points are made of experiments that may each bring another grid or reference along.
    """
    comparison = composed.comparison
    if isinstance(grid, NamedGrid):
        comparison = replace(comparison, grid={}, reference=None)
    return replace(composed, replicates=1, comparison=comparison)


def _base(points: Sequence[Mapping[str, str]], against: str | None) -> int | None:
    if against is None:
        return None
    names = [point_name(settings) for settings in points]
    whole = [" ".join(f"{key}={value}" for key, value in settings.items()) for settings in points]
    for number in range(len(points)):
        if against in (names[number], whole[number], *points[number].values()):
            return number
    raise unknown_name("point", against, names, "--against")
