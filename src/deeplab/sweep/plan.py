"""The plan of a sweep: every training it will do, composed, checked and frozen before the first begins."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from deeplab.config.compose import ComposedSweep, Composer
from deeplab.config.identity import identity, sha
from deeplab.errors import UserError
from deeplab.metrics import METRICS
from deeplab.sweep.grid import Axis, Faults, Grid, point_name, read_grid
from deeplab.sweep.paired_stop import check_paired_stop
from deeplab.sweep.replicates import replicate_name, replicate_values
from deeplab.sweep.workers import threads_of
from deeplab.tasks import TASKS
from deeplab.tracking.params import flatten
from deeplab.workflows.cache_key import shared_configuration
from deeplab.workflows.check import PointCheck

MOST_TRIALS = 10_000
# Of trainings together that share what is compiled, which each of some workers compiles once, within seconds.
SHARED_STEPS = 8000


@dataclass(frozen=True)
class Trial:
    """One training of a sweep."""

    point: int  # number of its point, from 0
    replicate: int  # number of the training at its point, from 0; with folds, fold after fold of each replicate
    values: dict[str, Any]  # its composed configuration
    identity: str = ""  # hash of all that can change its result


@dataclass(frozen=True)
class Plan:
    """All trainings of a sweep."""

    name: str
    overrides: tuple[str, ...]  # what the person asked for, word by word
    axes: tuple[Axis, ...]
    points: tuple[dict[str, str], ...]  # the value of each key, point by point
    sweep: ComposedSweep  # the first point, how all are compared and where they are trained
    trials: tuple[Trial, ...]  # point by point, replicate by replicate
    # What tells it from the sweep of the same command, as that it confirms it.
    purpose: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def replicates(self) -> int:
        """Trainings of each point: replicates, and folds of each where there are any."""
        return self.sweep.trainings

    @property
    def key(self) -> str:
        """What the same command has in common: its name if it was given one, otherwise its overrides."""
        return key_of(self.overrides, *self.purpose)

    def trial_name(self, trial: Trial) -> str:
        """As the run is called: `l2=0.001 #2`, or `l2=0.001` where points have one replicate."""
        return replicate_name(point_name(self.points[trial.point]) or self.name, trial.replicate, self.sweep)

    @property
    def count(self) -> int:
        """How many trials there are."""
        return len(self.trials)

    @property
    def size(self) -> str:
        """In words: `5 points x 3 replicates = 15 trials`."""
        return f"{size_of(len(self.points), self.sweep)} = {len(self.trials):,} trials"

    def frozen(self) -> str:
        """The plan as JSON."""
        plain = {
            "name": self.name,
            "overrides": self.overrides,
            "axes": [asdict(axis) for axis in self.axes],
            "points": self.points,
            "replicates": self.replicates,
            "config": self.sweep.settings,
            "trials": [vars(trial) for trial in self.trials],
        }
        return json.dumps(plain, sort_keys=True)


def key_of(overrides: Sequence[str], *more: str) -> str:
    """What the same commands have in common: the name in their overrides, otherwise these; and `more`."""
    named = [text for text in overrides if text.startswith("name=")]
    own = [text for text in overrides if text.partition("=")[0].split(".")[0] not in ("launcher", "tracking")]
    return sha([*more, *(named or sorted(own))])[:16]


def plural(count: int, noun: str) -> str:
    """A number of things, as in `1 point` and `2,000 points`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size_of(points: int, sweep: ComposedSweep) -> str:
    """What is trained, in words: `5 points x 3 replicates`, or `5 points x 10 folds x 3 replicates`."""
    folds = f" x {sweep.folds} folds" if sweep.folds > 1 else ""
    return f"{plural(points, 'point')}{folds} x {plural(sweep.replicates, 'replicate')}"


def plan_sweep(overrides: Sequence[str], config_dir: Path | None, yes: bool = False) -> Plan:
    """Compose every trial of a sweep.

    Args:
        yes: more trials than MOST_TRIALS are meant.

    Raises:
        UserError: there is nothing to compare, or too much.
        UserErrors: what is wrong with the points, all of it.
    """
    composer = Composer(config_dir)
    grid, first = read_grid(overrides, composer)
    for axis in grid.axes:
        if axis.interval is not None:
            raise UserError(
                f"{axis.key} is given an interval, which is no grid: it needs --search tpe or --search random."
            )
    count = grid.size * first.trainings
    if count == 1:
        raise UserError("There is nothing to compare: give a key several values, as in l2=1e-6,1e-3, or replicates=3.")
    if count > MOST_TRIALS and not yes:
        raise UserError(f"This is {size_of(grid.size, first)} = {count:,} trials. If they are all meant: --yes")
    check_metric(first)
    if first.comparison.stop is not None:
        check_paired_stop(grid.size, first.replicates, first.folds)
    points = tuple(grid.points())
    trials = _compose_all(grid, points, first, composer)
    name = first.run.config.name or name_of(grid, first)
    return Plan(name, tuple(overrides), grid.axes, points, first, trials)


def apply_checks(plan: Plan, checks: Sequence[PointCheck | str]) -> Plan:
    """The plan with the identity of each trial, or UserErrors with what is wrong with the points that were checked."""
    faults, sound = Faults(len(plan.points)), []
    for settings, checked in zip(plan.points, checks, strict=True):
        with faults.of(settings):
            sound.append(sound_point(checked, plan.sweep.comparison.metric))
    faults.raise_any()
    shared = [shared_configuration(trial.values) for trial in plan.trials]
    count = Counter(shared)
    trials = tuple(
        with_identity(_in_blocks(trial, sound[trial.point], count[key]), sound[trial.point])
        for trial, key in zip(plan.trials, shared, strict=True)
    )
    seen: dict[str, Trial] = {}
    for trial in trials:
        other = seen.setdefault(trial.identity, trial)
        if other is not trial:
            one, two = (plan.trial_name(each) for each in (other, trial))
            raise UserError(f"'{one}' and '{two}' are the same training: what differs between them changes nothing.")
    return replace(plan, trials=trials)


def _in_blocks(trial: Trial, checked: PointCheck, sharing: int) -> Trial:
    """The trial in blocks of steps where `auto` would not take them for it alone, but many share the compiling."""
    training = trial.values["training"]
    if training["engine"] != "auto" or checked.in_blocks == checked.engine or checked.steps * sharing < SHARED_STEPS:
        return trial
    return replace(trial, values={**trial.values, "training": {**training, "engine": "compiled"}})


def with_identity(trial: Trial, checked: PointCheck) -> Trial:
    """The trial with the hash of all that can change its result.

    The run whose weights it begins with is named by its id in the configuration, so that it stays the same.
    """
    training = {**trial.values["training"], "initial_weights": checked.initial_weights}
    values = {**trial.values, "training": training}
    engine = checked.in_blocks if training["engine"] == "compiled" and checked.in_blocks else checked.engine
    return replace(trial, values=values, identity=sha([identity(values), checked.fingerprint, engine]))


def sound_point(checked: PointCheck | str, metric: str) -> PointCheck:
    """A point that was checked; a UserError where it is wrong, or has not the metric that it is to be compared by."""
    if isinstance(checked, str):
        raise UserError(checked)
    score = METRICS.get(metric.rpartition("/")[2])  # None of what a network costs
    if score is not None and score.needs_classes and not checked.has_accuracy:
        raise UserError(
            f"sweep.metric={metric}: there is no {score.label} of this network on these rows; give val/loss."
        )
    return checked


def _compose_all(
    grid: Grid, points: Sequence[dict[str, str]], first: ComposedSweep, composer: Composer
) -> tuple[Trial, ...]:
    trials: list[Trial] = []
    faults = Faults(len(points))
    threads = threads_of(first.launcher, first.run.config.training.device, len(points) * first.trainings)
    for number, settings in enumerate(points):
        overrides = grid.overrides(settings)
        with faults.of(settings):
            composed = composer.compose_sweep(overrides)
            check_same_sweep(composed, first)
            each = replicate_values(composed.run, overrides, first, threads, composer)
            trials += [Trial(number, replicate, values) for replicate, values in enumerate(each)]
    faults.raise_any()
    return tuple(trials)


def check_same_sweep(composed: ComposedSweep, first: ComposedSweep) -> None:
    """Refuse a point that is to be compared or trained in another way than the first one."""
    task, first_task = composed.run.config.model.task, first.run.config.model.task
    if task != first_task:
        raise UserError(f"A network for {task} cannot be compared with one for {first_task}.")
    ours, theirs = flatten(composed.settings), flatten(first.settings)
    for key in {**theirs, **ours}:
        one, other = (each.get(key, "null") for each in (ours, theirs))
        if one != other:
            raise UserError(f"{key} must be the same at every point; it is {one} here, {other} before.")
    if composed.folds != first.folds:
        raise UserError(
            "A point with other folds cannot be compared: validation.folds must be the same at every point."
        )
    _check_split(composed)


def _check_split(composed: ComposedSweep) -> None:
    """Refuse to vary rows that nothing draws."""
    kind = composed.run.config.validation.kind
    if "split" in composed.comparison.vary and kind in ("given", "test", "none"):
        raise UserError(
            f"replicates.vary=[seed, split]: validation={kind} draws no rows to hold out; use validation=random."
        )


def check_metric(first: ComposedSweep) -> None:
    """Refuse a metric that the points do not have, and several objectives where they are compared by one score."""
    if first.comparison.objectives:
        told = ", ".join(first.comparison.objectives)
        raise UserError(f"sweep.objectives=[{told}] go with a search: --search tpe or random.")
    check_score(first, first.comparison.metric, "sweep.metric")


def check_score(first: ComposedSweep, metric: str, key: str) -> None:
    """Refuse a score that the points do not have.

    Args:
        key: that names it.
    """
    config = first.run.config
    score, task = METRICS[metric.rpartition("/")[2]], config.model.task
    if not score.is_measured_for(task):
        instead = TASKS[task].default_metric
        raise UserError(f"{key}={metric}: a network for {task} has no {score.label}; give {instead}.")
    if config.validation.kind == "none" and metric.startswith("val/"):
        raise UserError(
            f"sweep.metric={metric} needs validation rows, but validation=none holds nothing out. "
            "To choose on the test set all the same: sweep.metric=test/accuracy"
        )


def name_of(grid: Grid, first: ComposedSweep) -> str:
    """What a sweep is called that was given no name: its network, and what is varied."""
    network = "" if any(axis.key == "model" for axis in grid.axes) else f"{first.run.config.model.name} "
    over = " x ".join(axis.key.rpartition(".")[2] for axis in grid.axes)
    return f"{network}{over or 'replicates'}"
