"""What goes on inside a trained network while it looks at one image, and whether NumPy agrees with Keras."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from deeplab.config.build import build
from deeplab.config.errors import UserError
from deeplab.config.schema import ExperimentConfig
from deeplab.data.decode import decode, quiet_pillow
from deeplab.data.load import load
from deeplab.data.splits import DatasetInfo, Splits
from deeplab.models.leaves import leaf_layers
from deeplab.numpy_layers.arrays import Array
from deeplab.numpy_layers.forward import Layer, UnknownLayerError, carry
from deeplab.plots import PLOTS
from deeplab.runs.artifacts import table
from deeplab.tracking.find import find_run
from deeplab.tracking.read import load_network, read_artifact
from deeplab.tracking.run_log import put_file
from deeplab.tracking.store import Store
from deeplab.training.runtime import quiet_import

if TYPE_CHECKING:
    from mlflow.entities import Run

TOLERANCE = 1e-4
MAP_LAYERS = (
    "AveragePooling2D",
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "MaxPooling2D",
    "SeparableConv2D",
)
PROBABILITIES = ("softmax", "sigmoid")


@dataclass(frozen=True)
class LayerCheck:
    """A layer computed by hand beside Keras' own.

    Attributes:
        name: as in `conv2d_1`, with its part in front where it belongs to one.
        kind: as in `Conv2D`.
        output_shape: of the one row.
        difference: the largest between the two outputs; in units of the largest value where that is above 1, because
            float32 is exact to a share of a value and not to an amount.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    difference: float


@dataclass(frozen=True)
class Explanation:
    """What came of it.

    Attributes:
        run: name and id of the run.
        image: what was looked at, for a person.
        folder: of the pictures, among the artifacts of the run.
        layers: every layer, in order.
        said: the likeliest class and its probability, or None where the network does not classify.
        label: the right class, or None where it is not known.
        pictures: their file names.
    """

    run: str
    image: str
    folder: str
    layers: tuple[LayerCheck, ...]
    said: tuple[str, float] | None
    label: str | None
    pictures: tuple[str, ...]

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """Layers whose difference exceeds TOLERANCE, or is no number."""
        return tuple(layer.name for layer in self.layers if not layer.difference <= TOLERANCE)


@dataclass(frozen=True)
class _Seen:
    """One row of the data set or one file: its name, what the network gets, [1, ...], and its class."""

    name: str
    folder: str
    rows: NDArray[Any]
    label: int | None


def explain(store: Store, wanted: str, what: str) -> Explanation:
    """Carry one image through the network of a run by hand, compare every layer with Keras', and log pictures.

    Args:
        store: where the run is.
        wanted: the run, as `find_run` understands it.
        what: the path of a PNG or JPEG file, or the number of a row of the run's test set, from 0.

    Raises:
        UserError: there is no such run, network, row or image, or a layer is not among those by hand.
    """
    run = find_run(store, wanted)
    name = f"{run.info.run_name} ({run.info.run_id[:8]})"
    splits = _data_of(store, run, name)
    seen = _seen(what, splits, run, name)
    with quiet_import():
        # Only now: a wrong number or file name should not cost the seconds that these take.
        from deeplab.evaluation.layer_outputs import layer_outputs, use_float32
    leaves = leaf_layers(load_network(store, run))
    theirs = [layer for _, layer in leaves]
    layers = [_plain(leaf_name, layer) for leaf_name, layer in leaves]
    use_float32(theirs)
    try:
        ours = _carried(layers, seen.rows)
    except UnknownLayerError as error:
        raise UserError(str(error)) from error
    expected = layer_outputs(theirs, seen.rows)
    checks = tuple(_check(layer, *outputs) for layer, *outputs in zip(layers, ours, expected, strict=True))
    drawn = dict(_figures(layers, theirs, seen, splits.info, [output[0] for output in ours]))
    rows = [(c.name, c.kind, "x".join(map(str, c.output_shape)), c.difference) for c in checks]
    files = {**drawn, "layers.csv": table(("layer", "type", "shape", "difference"), rows).encode()}
    for file, content in files.items():
        put_file(store, run, f"{seen.folder}/{file}", content)
    names = splits.info.class_names
    said = None
    if _classifies(layers[-1], ours[-1][0], splits.info):
        winner = int(ours[-1][0].argmax())
        said = names[winner], float(ours[-1][0][winner])
    label = None if seen.label is None or said is None else names[seen.label]
    return Explanation(name, seen.name, seen.folder, checks, said, label, tuple(drawn))


def _data_of(store: Store, run: "Run", name: str) -> Splits:
    content = read_artifact(store, run, "config.yaml")
    if content is None:
        raise UserError(
            f"Run {name} has no config.yaml: it is a sweep, or it ended before its configuration was logged."
        )
    return load(build(ExperimentConfig, yaml.safe_load(content)).dataset, store.place.work_folder)


def _seen(what: str, splits: Splits, run: "Run", name: str) -> _Seen:
    if not what.isdecimal():
        return _file(what, splits)
    index, info = int(what), splits.info
    if index >= len(splits.test):
        raise UserError(f"Row {what}: the test set of run {name} ({info.name}) has rows 0 to {len(splits.test) - 1}.")
    if run.data.tags.get("deeplab.dataset_sha256") != info.fingerprint:
        raise UserError(
            f"The data set {info.name} is not what run {name} was trained on: its SHA-256 differs, "
            f"and row {index} may be another one. Put the old data back, or give an image file."
        )
    at = slice(index, index + 1)
    return _Seen(
        f"test row {index}", f"explain/test-{index}", splits.test.images(at), int(splits.test.labels_at(at)[0])
    )


def _file(what: str, splits: Splits) -> _Seen:
    path, info = Path(what).expanduser(), splits.info
    if not info.is_image:
        raise UserError(
            f"{what}: the rows of {info.name} are no images. Give the number of one of the test set, "
            f"0 to {len(splits.test) - 1}."
        )
    if not path.exists():
        raise UserError(
            f"{what}: there is no such file. Give a PNG or JPEG, or the number of a test row, "
            f"0 to {len(splits.test) - 1}."
        )
    height, width, channels = info.input_shape
    if channels not in (1, 3):
        raise UserError(f"{what}: the images of {info.name} have {channels} channels, and a file has 1 or 3.")
    size = max(height, width)
    with quiet_pillow():
        pixels = decode(path, size, channels)
    # What is not square is taken from the nearest pixels of a square that is as large as its longer side.
    rows, columns = (np.arange(length) * size // length for length in (height, width))
    image = pixels[rows][:, columns]
    values = image if info.scale != 1 else (image / np.float32(255)).astype(np.float32)
    # In an artifact's path there is no room for what a file name may hold.
    folder = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.name).strip(".-") or "image"
    return _Seen(path.name, f"explain/{folder}", values[None], None)


def _plain(name: str, layer: Any) -> Layer:
    """A Keras layer as its settings and weights; a class that is not Keras' own goes by its full name."""
    cls = type(layer)
    kind = cls.__name__ if cls.__module__.partition(".")[0] == "keras" else f"{cls.__module__}.{cls.__name__}"
    weights = {weight.name: np.asarray(weight) for weight in layer.weights}
    return Layer(name, kind, layer.get_config(), weights)


def _carried(layers: Sequence[Layer], rows: NDArray[Any]) -> list[Array]:
    outputs: list[Array] = []
    # In float64, so that what differs is the rounding of Keras and not of both.
    values: Array = rows.astype(np.float64)
    for layer in layers:
        values = carry(layer, values)
        outputs.append(values)
    return outputs


def _check(layer: Layer, ours: Array, theirs: NDArray[np.float32]) -> LayerCheck:
    if ours.shape != theirs.shape:
        raise AssertionError(f"{layer.name}: {ours.shape} by hand, {theirs.shape} in Keras")
    largest = float(np.abs(theirs).max(initial=1.0))
    return LayerCheck(layer.name, layer.kind, ours.shape[1:], float(np.abs(ours - theirs).max(initial=0.0)) / largest)


def _classifies(last: Layer, output: Array, info: DatasetInfo) -> bool:
    return output.shape == (info.num_classes,) and last.settings.get("activation") in PROBABILITIES


def _figures(
    layers: Sequence[Layer], theirs: Sequence[Any], seen: _Seen, info: DatasetInfo, ours: Sequence[Array]
) -> Iterator[tuple[str, bytes]]:
    """The pictures that this kind of network has, by file name."""
    from deeplab.evaluation.layer_outputs import saliency
    from deeplab.plots.style import to_png

    def png(plot: str, **arguments: Any) -> bytes:
        module, _, function = PLOTS[plot].partition(":")
        return to_png(getattr(import_module(module), function)(**arguments))

    answer = ours[-1]
    classifies = _classifies(layers[-1], answer, info)
    if classifies:
        yield (
            "probabilities.png",
            png("probabilities", probabilities=answer, class_names=info.class_names, label=seen.label),
        )
    if not info.is_image:
        return
    image = _displayed(seen.rows[0])
    maps = [(layer.name, output) for layer, output in zip(layers, ours, strict=True) if layer.kind in MAP_LAYERS]
    for number, (name, output) in enumerate(maps, start=1):
        yield f"maps_{number:02d}_{name.replace('/', '_')}.png", png("feature_maps", maps=output, layer=name)
    if maps:
        yield "strongest.png", png("strongest", image=image, layers=maps)
    if classifies:
        winner = int(answer.argmax())
        gradient = saliency(theirs, seen.rows[0], winner)
        yield "saliency.png", png("saliency", image=image, gradient=gradient, class_name=info.class_names[winner])
    elif answer.size == seen.rows[0].size:
        yield "reconstruction.png", png("reconstruction", image=image, reconstruction=answer.reshape(image.shape))


def _displayed(image: NDArray[Any]) -> NDArray[Any]:
    """Bytes as they are, floats brought into [0, 1] where they lie outside."""
    low, high = float(image.min()), float(image.max())
    if image.dtype == np.uint8 or (low >= 0 and high <= 1):
        return image
    return (image - low) / ((high - low) or 1.0)
