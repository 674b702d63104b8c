"""The points of a sweep: every combination of the values that overrides give to their keys."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product

from deeplab.config.compose import ComposedSweep, Composer
from deeplab.config.folders import GROUPS, options
from deeplab.config.overrides import Interval, expand_override, meaning, parse_override, read_interval
from deeplab.errors import UserError, UserErrors

MOST_LINES = 20
REPLICATES = "To train a point several times: replicates=3."
MOST_TRIED = 100  # points, until one is found that can be composed


@dataclass(frozen=True)
class Axis:
    """A key and the values it takes."""

    key: str  # as in `l2` or `optimizer.learning_rate`
    values: tuple[str, ...]  # as they would be written in an override, without the key; the two ends of an interval
    interval: Interval | None = None  # what a search draws from instead of from the values, or None


@dataclass(frozen=True)
class Grid:
    """What every point has, and where points differ."""

    common: tuple[str, ...]  # overrides of every point
    axes: tuple[Axis, ...]  # where points differ; the first varies slowest

    @property
    def size(self) -> int:
        """Number of points; 1 without axes."""
        return math.prod(len(axis.values) for axis in self.axes)

    def points(self) -> Iterator[dict[str, str]]:
        """The value of each key, point by point."""
        keys = [axis.key for axis in self.axes]
        for values in product(*(axis.values for axis in self.axes)):
            yield dict(zip(keys, values, strict=True))

    def overrides(self, settings: Mapping[str, str]) -> list[str]:
        """What composes the point of these settings."""
        return [*self.common, *(f"{key}={value}" for key, value in settings.items())]


@dataclass(frozen=True)
class NamedGrid(Grid):
    """Points that are no combinations of values: each has overrides of its own, and a name in place of a value."""

    named: Mapping[str, Sequence[str]]  # overrides of each point

    def overrides(self, settings: Mapping[str, str]) -> list[str]:
        """What composes the point of this name; what is common comes last."""
        (name,) = settings.values()
        return [*self.named[name], *self.common]


def named_grid(
    overrides: Sequence[str], key: str, named: Mapping[str, Sequence[str]], composer: Composer
) -> tuple[NamedGrid, ComposedSweep]:
    """Make points of named overrides.

    Args:
        overrides: of all points, each with one value.
        key: what the names are, as in `entry`.
        named: overrides of each point.
        composer: composes them.

    Returns:
        The grid, and one of its points composed; errors are those of `read_grid`.
    """
    common, axes = _split(overrides, composer)
    if axes:
        raise UserError(f"{axes[0].key} has several values, but the points are named already: {', '.join(named)}.")
    grid = NamedGrid(common, (Axis(key, tuple(named)),), named)
    return grid, _first_sound(grid, composer)


def read_grid(overrides: Sequence[str], composer: Composer, if_twice: str = REPLICATES) -> tuple[Grid, ComposedSweep]:
    """Tell the axes of a sweep from what all its points share.

    Args:
        overrides: as on the command line; those with several values are axes. So is what an experiment brings in
            `sweep.grid`, unless the command line gives that key a value.
        composer: makes configurations.
        if_twice: said to who gives a value twice, how a point is trained several times.

    Returns:
        The grid, and one of its points composed.

    Raises:
        UserError: an override cannot be read or has no values.
        UserErrors: no point can be composed.
    """
    grid = Grid(*_split(overrides, composer))
    _check_axes(grid, if_twice)
    first = _first_sound(grid, composer)
    given = {text.partition("=")[0].lstrip("+") for text in overrides}
    brought = [
        f"{key}={values if isinstance(values, str) else ','.join(map(str, values))}"
        for key, values in first.comparison.grid.items()
        if key not in given
    ]
    more_common, more_axes = _split(brought, composer)
    for text in more_common:
        _check_compares(parse_override(text).key)
    grid = Grid((*grid.common, *more_common), (*grid.axes, *more_axes))
    for axis in grid.axes:
        _check_axis(axis, if_twice)
    if brought:
        first = _first_sound(grid, composer)
    return grid, first


class Faults:
    """What is wrong with the points of a sweep, each fault once with the names of the points that have it."""

    def __init__(self, points: int) -> None:
        """Begin with none of so many points."""
        self._points = points
        self._names: dict[str, list[str]] = {}

    @contextmanager
    def of(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Take down the error that ends the context as a fault of a point."""
        try:
            yield
        except UserError as error:
            self._names.setdefault(str(error), []).append(point_name(settings))

    def raise_any(self) -> None:
        """Raise UserErrors with all of them where there are any."""
        faults = self._names
        if len(faults) == 1 and all(len(set(names)) == self._points for names in faults.values()):
            raise UserErrors(list(faults))  # it is no matter of points
        lines = []
        for fault, names in list(faults.items())[:MOST_LINES]:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more points" if len(names) > 3 else "")
            lines.append(f"{shown}: {fault}" if shown else fault)
        if len(faults) > MOST_LINES:
            lines.append(f"and {len(faults) - MOST_LINES} more faults")
        if lines:
            bad = len({name for names in faults.values() for name in names})
            raise UserErrors([*lines, f"{bad} of {self._points} points cannot be trained; nothing was started."])


def point_name(settings: Mapping[str, str]) -> str:
    """A point in a few words, as in `l2=0.001 model=cnn`."""
    return " ".join(f"{key.rpartition('.')[2]}={value}" for key, value in settings.items())


def _first_sound(grid: Grid, composer: Composer) -> ComposedSweep:
    if not grid.axes:
        return composer.compose_sweep(grid.common)
    faults = Faults(grid.size)
    for settings in islice(grid.points(), MOST_TRIED):
        with faults.of(settings):
            return composer.compose_sweep(grid.overrides(settings))
    faults.raise_any()
    raise AssertionError("a grid has points")


def _split(overrides: Sequence[str], composer: Composer) -> tuple[tuple[str, ...], tuple[Axis, ...]]:
    names = {group: options(group, composer.folders) for group in GROUPS}
    common, axes = [], []
    for text in overrides:
        interval = read_interval(text)
        if interval is not None:
            ends = (interval.written(interval.low), interval.written(interval.high))
            axes.append(Axis(text.partition("=")[0], ends, interval))
            continue
        expanded = expand_override(text, names)
        if expanded == [text]:
            parse_override(text)
            common.append(text)
        else:
            key = expanded[0].partition("=")[0]
            axes.append(Axis(key, tuple(one.partition("=")[2] for one in expanded)))
    return tuple(common), tuple(axes)


def _check_axes(grid: Grid, if_twice: str) -> None:
    for axis in grid.axes:
        _check_axis(axis, if_twice)
    keys = [axis.key for axis in grid.axes]
    given = [*keys, *(text.partition("=")[0] for text in grid.common)]
    for key in keys:
        if given.count(key) > 1:
            raise UserError(f"{key} is given twice; a key with several values is given once.")


def _check_axis(axis: Axis, if_twice: str) -> None:
    seen: dict[Hashable, str] = {}
    for value in axis.values:
        first = seen.setdefault(meaning(value, is_name=axis.key in GROUPS), value)
        if first is not value:
            named = "" if first == value else f", as {first} and {value}"
            raise UserError(f"{axis.key}={value} is in the sweep twice{named}. {if_twice}")
    _check_compares(axis.key)


def _check_compares(key: str) -> None:
    if key.split(".", maxsplit=1)[0] in ("replicates", "sweep", "launcher", "tracking", "name", "notes", "tags"):
        raise UserError(f"A sweep over {key} compares nothing: it changes no training. Give it one value.")
