"""The points of a sweep: every combination of the values that overrides give to their keys."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from deeplab.config.compose import Composed, Composer
from deeplab.config.errors import UserError
from deeplab.config.folders import GROUPS, options
from deeplab.config.overrides import expand_override, parse_override


@dataclass(frozen=True)
class Axis:
    """A key and the values it takes.

    Attributes:
        key: as in `l2` or `optimizer.learning_rate`.
        values: as they would be written in an override, without the key.
    """

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """What every point has, and where points differ.

    Attributes:
        common: overrides of every point.
        axes: where points differ; the first varies slowest.
    """

    common: tuple[str, ...]
    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """Number of points; 1 without axes."""
        return math.prod(len(axis.values) for axis in self.axes)

    def points(self) -> Iterator[dict[str, str]]:
        """The value of each key, point by point."""
        keys = [axis.key for axis in self.axes]
        for values in product(*(axis.values for axis in self.axes)):
            yield dict(zip(keys, values, strict=True))


def read_grid(overrides: Sequence[str], composer: Composer) -> tuple[Grid, Composed]:
    """Tell the axes of a sweep from what all its points share.

    Args:
        overrides: as on the command line; those with several values are axes. So is what an experiment brings in
            `sweep.grid`, unless the command line gives that key a value.
        composer: composes the first point, which says what the experiment brings.

    Returns:
        The grid, and its first point composed.

    Raises:
        UserError: an override cannot be read or has no values, or the first point cannot be composed.
    """
    common, axes = _split(overrides, composer)
    first = composer.compose([*common, *(f"{axis.key}={axis.values[0]}" for axis in axes)])
    assert first.sweep is not None
    given = {text.partition("=")[0].lstrip("+") for text in overrides}
    brought = [
        f"{key}={values if isinstance(values, str) else ','.join(map(str, values))}"
        for key, values in first.sweep.sweep.grid.items()
        if key not in given
    ]
    more_common, more_axes = _split(brought, composer)
    grid = Grid((*common, *more_common), (*axes, *more_axes))
    for axis in grid.axes:
        _check_axis(axis)
    if brought:
        first = composer.compose([*grid.common, *(f"{axis.key}={axis.values[0]}" for axis in grid.axes)])
    return grid, first


def _split(overrides: Sequence[str], composer: Composer) -> tuple[list[str], list[Axis]]:
    names = {group: options(group, composer.folders) for group in GROUPS}
    common, axes = [], []
    for text in overrides:
        expanded = expand_override(text, names)
        if expanded == [text]:
            parse_override(text)
            common.append(text)
        else:
            key = expanded[0].partition("=")[0]
            axes.append(Axis(key, tuple(one.partition("=")[2] for one in expanded)))
    return common, axes


def _check_axis(axis: Axis) -> None:
    if len(set(axis.values)) < len(axis.values):
        twice = next(value for value in axis.values if axis.values.count(value) > 1)
        raise UserError(f"{axis.key}={twice} is in the sweep twice. To train a point several times: replicates=3.")
    top = axis.key.split(".")[0]
    if top in ("replicates", "sweep", "launcher", "tracking", "name", "notes", "tags"):
        raise UserError(f"A sweep over {axis.key} compares nothing: it changes no training. Give it one value.")
