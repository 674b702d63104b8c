"""What goes on inside a trained network while it looks at one image, and whether NumPy agrees with Keras."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.code.file import own_layers
from deeplab.data.input_spec import InputSpec
from deeplab.errors import UserError
from deeplab.files import table
from deeplab.models.inspect import graph
from deeplab.numpy_layers.arrays import Array
from deeplab.numpy_layers.forward import Layer, UnknownLayerError, carry
from deeplab.tasks import TaskName
from deeplab.tracking.artifacts import put_file
from deeplab.tracking.store import Store
from deeplab.workflows.explain.figures import pictures
from deeplab.workflows.explain.inputs import find_input
from deeplab.workflows.trained_run import find_trained_run

TOLERANCE = 1e-4


@dataclass(frozen=True)
class LayerCheck:
    """A layer computed by hand beside Keras' own."""

    name: str  # as in `conv2d_1`
    kind: str  # as in `Conv2D`
    output_shape: tuple[int, ...]  # for the one row
    # the largest between the two outputs; in units of the largest value where that is above 1, because float32 is exact
    # to a share of a value and not to an amount
    difference: float


@dataclass(frozen=True)
class Explanation:
    """What came of it."""

    run: str  # name and id of the run
    image: str  # what was looked at, for a person
    folder: str  # of the pictures, among the artifacts of the run
    layers: tuple[LayerCheck, ...]
    predicted: str | None  # the likeliest class and its probability, or the number; None of a network that gives images
    correct: str | None  # what would have been right, or None where it is not known
    pictures: tuple[str, ...]  # their file names

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """Layers whose difference exceeds TOLERANCE, or is no number."""
        return tuple(layer.name for layer in self.layers if not layer.difference <= TOLERANCE)


def explain(store: Store, name: str, what: str) -> Explanation:
    """Carry one image through the network of a run by hand, compare every layer with Keras', and log pictures.

    Args:
        name: the run, as `find_run` understands it.
        what: the path of a PNG or JPEG file, or the number of a row of the run's test set, from 0.

    Raises:
        UserError: there is no such run, network, row or image, or a layer is not among those by hand.
    """
    trained = find_trained_run(store, name)
    config, facts = trained.composed().config, trained.facts()
    seen = find_input(what, trained, facts)
    # Only now, because they import TensorFlow, whose seconds a mistake above need not cost.
    from deeplab.training.runtime import prepare_runtime

    # A GPU may shorten the factors of a product (TF32), which is more than what is looked for here.
    prepare_runtime(replace(config.training, device="cpu", threads=None, precision="float32"), seed=0)
    from deeplab.evaluation.layer_outputs import layer_outputs, use_float32

    theirs = graph(trained.network())
    layers = [_plain(layer) for layer, _ in theirs]
    use_float32([layer for layer, _ in theirs])
    try:
        ours = _carried(layers, [numbers for _, numbers in theirs], seen.row[None])
    except UnknownLayerError as error:
        raise UserError(str(error)) from error
    expected = layer_outputs(theirs, seen.row[None])
    checks = tuple(_check(layer, *outputs) for layer, *outputs in zip(layers, ours, expected, strict=True))
    outputs = [output[0] for output in ours]
    # What is no number is told by the layers' differences, and cannot be drawn.
    finite = all(np.isfinite(output).all() for output in outputs)
    drawn = dict(pictures(config.model.task, facts, seen, layers, outputs, theirs)) if finite else {}
    rows = [(check.name, check.kind, "x".join(map(str, check.output_shape)), check.difference) for check in checks]
    files = {**drawn, "layers.csv": table(("layer", "type", "shape", "difference"), rows).encode()}
    for file, content in files.items():
        put_file(store, trained.run, f"{seen.folder}/{file}", content)
    predicted = _predicted(config.model.task, outputs[-1], facts) if finite else None
    return Explanation(trained.name, seen.name, seen.folder, checks, predicted, seen.correct, tuple(drawn))


def _predicted(task: TaskName, output: Array, facts: InputSpec) -> str | None:
    if task == "classification":
        winner = int(output.argmax())
        return f"{facts.info.class_names[winner]} ({100 * output[winner]:.1f} %)"
    return ", ".join(f"{value:.4f}" for value in output) if task == "regression" else None


def _plain(layer: Any) -> Layer:
    """A Keras layer as its settings and weights; a class of an installed package goes by its full name."""
    cls = type(layer)
    is_short = cls.__module__.partition(".")[0] == "keras" or cls in own_layers().values()
    kind = cls.__name__ if is_short else f"{cls.__module__}.{cls.__name__}"
    weights = {weight.name: np.asarray(weight) for weight in layer.weights}
    return Layer(layer.name, kind, layer.get_config(), weights)


def _carried(layers: Sequence[Layer], inputs: Sequence[tuple[int, ...]], rows: NDArray[Any]) -> list[Array]:
    outputs: list[Array] = []
    # In float64, so that what differs is the rounding of Keras and not of both.
    values: Array = rows.astype(np.float64)
    for layer, numbers in zip(layers, inputs, strict=True):
        outputs.append(carry(layer, *(outputs[number] if number >= 0 else values for number in numbers)))
    return outputs


def _check(layer: Layer, ours: Array, theirs: NDArray[np.float32]) -> LayerCheck:
    if ours.shape != theirs.shape:
        raise AssertionError(f"{layer.name}: {ours.shape} by hand, {theirs.shape} in Keras")
    largest = float(np.abs(theirs).max(initial=1.0))
    return LayerCheck(layer.name, layer.kind, ours.shape[1:], float(np.abs(ours - theirs).max(initial=0.0)) / largest)
