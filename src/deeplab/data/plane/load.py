"""Points of the plane as a data set: drawn, shuffled, divided, and turned into the inputs of a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import PlaneConfig
from deeplab.data.assemble import make_splits
from deeplab.data.plane.classes import circle, gaussians, spiral, xor
from deeplab.data.plane.inputs import to_inputs
from deeplab.data.plane.values import bumps, plane
from deeplab.data.splits import Splits
from deeplab.errors import UserError

CLASSES = {"spiral": spiral, "circle": circle, "xor": xor, "gaussians": gaussians}
VALUES = {"plane": plane, "bumps": bumps}
CLASS_NAMES = ("-1", "+1")


@dataclass(frozen=True)
class PlanePoints:
    """The points of a data set before they become examples."""

    points: NDArray[np.float64]  # coordinates, [n, 2]; the first `config.train_points` of them are for training
    targets: NDArray[Any]  # [n], classes 0 and 1 as int32, or values in [-1, 1] as float32


def draw(config: PlaneConfig) -> PlanePoints:
    """The points of a configuration, in an order that has nothing to do with their class.

    A function of kind, points, noise and seed alone: another `train_share` moves a boundary in one order of points,
    other `inputs` describe the same points, and other noise moves or relabels them.
    """
    rng = np.random.default_rng(config.seed)
    if config.kind in CLASSES:
        points, labels = CLASSES[config.kind](config.points, config.noise, rng)
        targets: NDArray[Any] = labels.astype(np.int32)
    else:
        points, values = VALUES[config.kind](config.points, config.noise, rng)
        targets = values.astype(np.float32)
    order = rng.permutation(config.points)
    return PlanePoints(points[order], targets[order])


def load(config: PlaneConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """The points as examples of the inputs that were asked for, [n, len(inputs)].

    Raises:
        UserError: the training points are of one class alone.
    """
    drawn = draw(config)
    rows = to_inputs(drawn.points, config.inputs)
    names = CLASS_NAMES if config.kind in CLASSES else ()
    train, test = slice(config.train_points), slice(config.train_points, None)
    if names and len(np.unique(drawn.targets[train])) == 1:
        raise UserError(
            f"dataset={config.kind}: the training points, {config.train_points} of {config.points}, are of the class "
            f"{names[drawn.targets[0]]} alone; more of them are needed (dataset.points, dataset.train_share)."
        )
    return make_splits(
        config.kind,
        names,
        x_train=rows[train],
        y_train=drawn.targets[train],
        x_test=rows[test],
        y_test=drawn.targets[test],
    )
