"""Figures of a run on points of the plane: the boundary, how it came about, and what the hidden units answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import ExperimentConfig, PlaneConfig
from deeplab.data.plane.inputs import to_inputs
from deeplab.data.plane.load import draw
from deeplab.data.splits import Split
from deeplab.models.inspect import graph
from deeplab.training.history import Epoch
from deeplab.training.observer import Observer
from deeplab.training.setup import TrainingSetup

if TYPE_CHECKING:
    import keras

CELLS, FILM_CELLS = 120, 60  # along each axis
PICTURES = 20
LEAST_REACH = 6.0


@dataclass(frozen=True)
class Grid:
    """The cells that a map of the plane is made of."""

    reach: float  # half the width of the square that they fill
    rows: NDArray[np.float32]  # their centres as rows of a network, the lowest cells first, [cells * cells, inputs]
    cells: int  # along each axis

    @classmethod
    def over(cls, config: PlaneConfig, cells: int) -> "Grid":
        """So many cells along each axis, over all the points of a configuration."""
        reach = max(LEAST_REACH, float(np.abs(draw(config).points).max()))
        centres = reach * ((2 * np.arange(cells) + 1) / cells - 1)
        x1, x2 = np.meshgrid(centres, centres)
        return cls(reach, to_inputs(np.stack([x1.ravel(), x2.ravel()], axis=1), config.inputs), cells)

    def maps(self, answers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answers at the cells, [cells * cells, units], as maps [units, cells, cells]."""
        return answers.T.reshape(-1, self.cells, self.cells)


class BoundaryRecorder(Observer):
    """Keeps what a network says over the plane before its training and after some of its epochs, early ones above all.

    Of a training that goes on after an interruption it keeps what comes after that.
    """

    def __init__(self, config: PlaneConfig, done: int) -> None:
        """Keep nothing yet.

        Args:
            config: of the points.
            done: epochs that the training goes on after.
        """
        self.config = config
        self.grid = Grid.over(config, FILM_CELLS)
        self.pictures: list[tuple[str, NDArray[np.float32]]] = []
        self._done = done
        self._network: Any = None
        self._epochs = 0

    def network_ready(self, network: Any) -> None:
        """Remember whom to ask."""
        self._network = network

    def training_began(self, epochs: int, steps_per_epoch: int) -> None:
        """Keep what the network says before it has learned anything."""
        self._epochs = epochs
        if not self._done:
            self._keep(0)

    def epoch_ended(self, epoch: Epoch) -> None:
        """Keep what the network says after one of the chosen epochs."""
        if epoch.number in chosen_epochs(self._epochs):
            self._keep(epoch.number)

    def _keep(self, epoch: int) -> None:
        self.pictures.append((f"epoch {epoch:,} of {self._epochs:,}", output_map(self._network, self.grid)))


def chosen_epochs(epochs: int) -> list[int]:
    """Up to PICTURES of the epochs, each about as many times the one before as that was of its own; 1 and the last."""
    return sorted({round(epoch) for epoch in np.geomspace(1, epochs, PICTURES)})


def outputs(network: "keras.Model", rows: NDArray[Any]) -> NDArray[np.float32]:
    """What a network says of rows as one number each, above zero for the class +1, [n]."""
    said: NDArray[np.float32] = np.asarray(network(rows, training=False))
    return said[:, 0] if said.shape[1] == 1 else said[:, 1] - said[:, 0]


def output_map(network: "keras.Model", grid: Grid) -> NDArray[np.float32]:
    """What a network says over the plane, [cells, cells]."""
    return outputs(network, grid.rows).reshape(grid.cells, grid.cells)


def boundary_recorder(config: ExperimentConfig, done: int) -> BoundaryRecorder | None:
    """What is to keep the pictures of a training; None where there are none to be taken.

    Args:
        config: of the run.
        done: epochs that the training goes on after.
    """
    if not isinstance(config.dataset, PlaneConfig) or config.tracking.plots == "none":
        return None
    return BoundaryRecorder(config.dataset, done)


def plane_figures(setup: TrainingSetup, recorder: BoundaryRecorder) -> Iterator[tuple[str, bytes]]:
    """Draw what a run on points of the plane has.

    Yields:
        Names of files, and what is in them: PNG, or GIF where it moves.
    """
    # Here, because they import Matplotlib.
    from deeplab.plots.plane import boundary, film, units
    from deeplab.plots.style import to_png

    config, network = recorder.config, setup.network
    grid, parts = Grid.over(config, CELLS), _parts(config, setup)
    figure = boundary.draw(
        outputs=output_map(network, grid),
        reach=grid.reach,
        parts=parts,
        predicted=outputs(network, setup.splits.test.images(slice(None))),
        has_classes=setup.splits.info.num_classes > 0,
        name=setup.splits.info.name,
    )
    yield "boundary.png", to_png(figure)
    last = output_map(network, recorder.grid)
    pictures = list(recorder.pictures)
    if not pictures or not np.array_equal(pictures[-1][1], last):  # ended early, or went back to the best epoch
        pictures.append(("the weights that are kept", last))
    yield "boundary.gif", film.to_gif(film.draw(pictures=pictures, reach=grid.reach, parts=parts))
    layers = _hidden_units(network, grid)
    if layers:
        yield "units.png", to_png(units.draw(layers=layers, reach=grid.reach, name=network.name))


def _parts(config: PlaneConfig, setup: TrainingSetup) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    points = draw(config).points
    of_training, of_test = points[: config.train_points], points[config.train_points :]
    is_class = setup.splits.info.num_classes > 0

    def part(points: NDArray[np.float64], split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        targets: NDArray[np.float64] = split.labels.astype(np.float64)
        return points[split.rows], 2 * targets - 1 if is_class else targets

    parts = {"training": part(of_training, setup.train)}
    validation = setup.validation
    if validation is not None and validation is not setup.splits.test:
        parts["validation"] = part(of_training, validation)
    return {**parts, "test": part(of_test, setup.splits.test)}


def _hidden_units(
    network: "keras.Model", grid: Grid
) -> list[tuple[str, NDArray[np.float32], NDArray[np.float32] | None]]:
    """Name, maps and weights on the output of each hidden dense layer; the last one alone has such weights."""
    from deeplab.evaluation.layer_outputs import layer_outputs  # which imports TensorFlow

    layers: list[tuple[str, NDArray[np.float32], NDArray[np.float32] | None]] = []
    *hidden, (last, takes) = connected = graph(network)
    latest = None  # the number of the layer that gives what the last of `layers` shows
    for number, answers in enumerate(layer_outputs(hidden, grid.rows)):
        layer, inputs = connected[number]
        if type(layer).__name__ == "Dense":
            layers.append((layer.name, grid.maps(answers), None))
            latest = number
        elif inputs == (latest,) and answers.shape[1:] == layer.input.shape[1:]:
            # An activation by itself changes the answers of the units before it.
            layers[-1] = (layers[-1][0], grid.maps(answers), None)
            latest = number
    if layers and type(last).__name__ == "Dense" and takes == (latest,):
        kernel = np.asarray(last.kernel)
        weights = kernel[:, 0] if kernel.shape[1] == 1 else kernel[:, 1] - kernel[:, 0]
        layers[-1] = (*layers[-1][:2], weights)
    return layers
