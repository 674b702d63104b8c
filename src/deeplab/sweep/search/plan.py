"""What a search draws its trials from: intervals, lists of values, and how many trials there are to be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deeplab.choice import TEST
from deeplab.config.compose import ComposedSweep, Composer
from deeplab.errors import UserError, unknown_name
from deeplab.metrics import COSTS
from deeplab.sweep.budget import Budget
from deeplab.sweep.grid import Axis, Faults, Grid, read_grid
from deeplab.sweep.plan import (
    MOST_TRIALS,
    Trial,
    check_same_sweep,
    check_score,
    key_of,
    name_of,
    plural,
    sound_point,
    with_identity,
)
from deeplab.sweep.replicates import at_fold, replicate_values
from deeplab.sweep.search.rungs import rung_epochs
from deeplab.sweep.workers import threads_of
from deeplab.workflows.check import PointCheck

SEARCHES = ("asha", "hyperband", "random", "tpe")
# Those that train many points a little and the best of them further.
HALVING = ("asha", "hyperband")
# Of a list of values so many are looked at before the search; of others it is found out when they are drawn.
MOST_CHECKED = 50


@dataclass(frozen=True)
class SearchPlan:
    """A search that is asked for."""

    name: str
    kind: str  # how trials are chosen, one of SEARCHES
    overrides: tuple[str, ...]  # what the person asked for, word by word
    grid: Grid  # what all trials share, and what they are drawn from
    sweep: ComposedSweep  # one point, composed, how all are compared and where they are trained
    points: int  # to be drawn in the end, finished or pruned
    composer: Composer = field(repr=False, compare=False)
    hours: float | None = None  # that this start may take, or None
    checked: PointCheck | None = None  # what is known of the first point once it was looked at

    @property
    def key(self) -> str:
        """What the same command has in common, however many trials it asks for."""
        return key_of(self.overrides, f"--search {self.kind}")

    @property
    def replicates(self) -> int:
        """How often each point is trained, unless it is pruned: replicates, and folds of each where there are any."""
        return self.sweep.trainings

    @property
    def count(self) -> int:
        """How many trainings there are in the end, those counted that pruning spares."""
        return self.points * self.replicates

    @property
    def size(self) -> str:
        """In words: `tpe search, 30 trials over l2, model.units`."""
        keys = ", ".join(axis.key for axis in self.grid.axes)
        most = f" in at most {self.hours:g} h" if self.hours is not None else ""
        return f"{self.kind} search, {plural(self.points, 'trial')}{_each(self.sweep)} over {keys}{most}"

    @property
    def objectives(self) -> tuple[str, ...]:
        """What it weighs where there are several objectives; else none."""
        return self.sweep.comparison.objectives

    @property
    def told(self) -> tuple[str, ...]:
        """What it looks for: its objectives, or its only metric."""
        return self.objectives or (self.sweep.comparison.metric,)

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs after which points are compared by successive halving; the last is that of a whole training."""
        return rung_epochs(self.sweep.comparison.min_epochs, self.reduction, self.sweep.run.config.training.epochs)

    @property
    def reduction(self) -> int:
        """Of so many points one is trained further."""
        return self.sweep.comparison.reduction

    @property
    def on_test(self) -> bool:
        """Whether its trials are validated on the test set, all of them."""
        return _validated_on_test(self.sweep.run.values)

    @property
    def frozen(self) -> dict[str, Any]:
        """What must stay as it is for the search to go on."""
        assert self.checked is not None
        values = self.sweep.run.values
        return {
            **{key: value for key, value in values.items() if key not in ("name", "notes", "tracking")},
            "searched": {axis.key: space_text(axis) for axis in self.grid.axes},
            "sweep.metric": self.sweep.comparison.metric,
            "data set": self.checked.fingerprint,
            "engine": self.checked.engine,
            **({"initial weights": self.checked.initial_weights} if self.checked.initial_weights else {}),
            **({"sweep.objectives": list(self.objectives)} if self.objectives else {}),
            **({"replicates": self.replicates} if self.replicates > 1 else {}),
            **({"rungs": list(self.rungs), "sweep.reduction": self.reduction} if self.kind in HALVING else {}),
        }

    def trials(self, number: int, settings: Mapping[str, str]) -> list[Trial]:
        """Compose every replicate of what was drawn; a UserError where it makes no configuration."""
        assert self.checked is not None
        overrides = self.grid.overrides(settings)
        composed = self.composer.compose(overrides)
        _check_validation(composed.values, self.sweep.run.values)
        threads = threads_of(self.sweep.launcher, self.sweep.run.config.training.device, self.count)
        each = replicate_values(composed, overrides, self.sweep, threads, self.composer)
        return [with_identity(Trial(number, replicate, values), self.checked) for replicate, values in enumerate(each)]


def plan_search(
    overrides: Sequence[str], config_dir: Path | None, kind: str, budget: Budget, yes: bool = False
) -> SearchPlan:
    """Read what is to be searched, and refuse what cannot be.

    Args:
        kind: one of SEARCHES.
        budget: hours, or how many points there are to be in the end, or both.
        yes: more trials than MOST_TRIALS are meant.
    """
    if kind not in SEARCHES:
        raise unknown_name("search", kind, SEARCHES)
    if budget.is_open:
        raise UserError(f"--search {kind} needs to know how many trials there are to be: --trials 30, or --hours 2")
    composer = Composer(config_dir)
    grid, first = read_grid(overrides, composer)
    points = MOST_TRIALS // first.trainings if budget.trials is None else budget.trials
    count = points * first.trainings
    if count > MOST_TRIALS and not yes:
        each = f"{_each(first)} = {count:,} trainings" if first.trainings > 1 else ""
        raise UserError(f"This is {points:,} trials{each}. If they are all meant: --yes")
    if not grid.axes:
        raise UserError("There is nothing to search: give a key an interval or several values, as in l2=1e-6,1e-3.")
    config = first.run.config
    if config.validation.kind == "none":
        raise UserError("A search chooses by the scores of held-out rows, but validation=none holds nothing out.")
    _check_objectives(kind, first)
    if first.comparison.stop is not None:
        raise UserError("sweep.stop=paired goes with a grid; a search ends hopeless trials by itself.")
    if kind in HALVING:
        _check_rungs(kind, grid, first)
    name = config.name or f"{name_of(grid, first)} by {kind}"
    return SearchPlan(name, kind, tuple(overrides), grid, first, points, composer, budget.hours)


def checked_search(search: SearchPlan) -> SearchPlan:
    """Compose the ends of intervals and the values of lists and check them; UserErrors are all that is wrong."""
    from deeplab.sweep.check import check_points  # here, because it imports MLflow

    sound: list[tuple[dict[str, str], dict[str, Any]]] = []
    points, first = list(_ends(search.grid)), search.sweep.run.values
    faults = Faults(len(points))
    for settings in points:
        with faults.of(settings):
            composed = search.composer.compose_sweep(search.grid.overrides(settings))
            check_same_sweep(composed, search.sweep)
            _check_validation(composed.run.values, first)
            sound.append((settings, at_fold(composed.run.values, 0, search.sweep)))
    faults.raise_any()
    checks = check_points([at_fold(first, 0, search.sweep), *(values for _, values in sound)])
    for (settings, _), checked in zip(sound, checks[1:], strict=True):
        with faults.of(settings):
            for each in search.told:
                sound_point(checked, each)
    faults.raise_any()
    assert isinstance(checks[0], PointCheck)
    return replace(search, checked=checks[0])


def space_text(axis: Axis) -> str:
    """What an axis is drawn from: `1e-06 to 0.01, log`, `16 to 256, whole` or `sgd, adam`."""
    if axis.interval is None:
        return ", ".join(axis.values)
    kinds = (" log" if axis.interval.log else "") + (" whole" if axis.interval.whole else "")
    return " to ".join(axis.values) + (f",{kinds}" if kinds else "")


def _check_objectives(kind: str, first: ComposedSweep) -> None:
    """Refuse to search by what is not to be looked at, what the network has not, or several things that prune."""
    metric, objectives = first.comparison.metric, first.comparison.objectives
    for each in (metric, *objectives):
        key = "sweep.metric" if each == metric else "sweep.objectives"
        if each.startswith("test/"):
            raise UserError(f"{key}={each}: a search would fit the test set. Search by val/accuracy or val/loss.")
        if each not in COSTS:
            check_score(first, each, key)
    if not objectives:
        return
    told = ", ".join(objectives)
    if kind in HALVING:
        raise UserError(
            f"--search {kind} ends trials by one score, and sweep.objectives has {len(objectives)}: {told}. "
            "Take --search tpe or random, which then end none early."
        )
    if metric not in objectives:
        raise UserError(
            f"sweep.objectives=[{told}] must have sweep.metric={metric} among them, by which one is the best."
        )


def _check_rungs(kind: str, grid: Grid, first: ComposedSweep) -> None:
    """Refuse a search by successive halving that has nothing to halve, or no common measure."""
    epochs, least = first.run.config.training.epochs, first.comparison.min_epochs
    if any(axis.key == "training.epochs" for axis in grid.axes):
        raise UserError(f"--search {kind} gives out the epochs itself: training.epochs is the most, and one number.")
    if least >= epochs:
        raise UserError(
            f"--search {kind} compares trials before their last epoch, but of training.epochs={epochs} the first look "
            f"is after sweep.min_epochs={least}. Give more epochs, or --search random."
        )


def _each(sweep: ComposedSweep) -> str:
    """How often a point is trained, in words: nothing, or ` x 5 folds x 3 replicates`."""
    folds = f" x {sweep.folds} folds" if sweep.folds > 1 else ""
    return folds + (f" x {sweep.replicates} replicates" if sweep.replicates > 1 else "")


def _validated_on_test(values: Mapping[str, Any]) -> bool:
    return bool(values["validation"]["kind"] == TEST)


def _check_validation(values: Mapping[str, Any], first: Mapping[str, Any]) -> None:
    if _validated_on_test(values) != _validated_on_test(first):
        raise UserError(
            "A search compares the scores of its trials, and those on the test set do not compete with those on rows "
            "held out: validation=test at every trial or at none."
        )


def _ends(grid: Grid) -> Iterator[dict[str, str]]:
    """Points that each differ from the first in one key."""
    first = {axis.key: axis.values[0] for axis in grid.axes}
    yield first
    for axis in grid.axes:
        for value in {*axis.values[1:MOST_CHECKED], axis.values[-1]} - {axis.values[0]}:
            yield {**first, axis.key: value}
