"""New images from the decoder of an autoencoder: between the codes of test images, or around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Splits
from deeplab.errors import UserError, unknown_name
from deeplab.evaluation.latent import add_code_noise, bilinear, linear, spherical
from deeplab.files import table
from deeplab.models.inspect import evaluation_batch_size
from deeplab.tracking.artifacts import put_file
from deeplab.tracking.store import Store
from deeplab.workflows.trained_run import TrainedRun, check_task, find_trained_run, load_data

MOST_STEPS = 40
# Test images whose codes tell how far the parts of a code spread.
LOOKED_AT = 2000

Images = NDArray[np.float32]
Way = Literal["between", "grid", "around"]
_CORNERS: dict[Way, int] = {"between": 2, "grid": 4, "around": 1}


@dataclass(frozen=True)
class GenerateRequest:
    """What is to be generated."""

    way: Way  # `between` two images, over a `grid` between four, or `around` one
    images: tuple[str, ...]  # those test images: `3` is the first of class 3, `@57` the one with that index
    steps: int  # images in a row
    noise: float  # noise on the codes, as a share of the spread that they have over test images; 0 is none
    seed: int  # of that noise

    def __post_init__(self) -> None:
        if not 2 <= self.steps <= MOST_STEPS:
            raise UserError(f"--steps: must be 2 to {MOST_STEPS}, got {self.steps}.")
        if not 0 <= self.noise <= 10:
            raise UserError(f"--noise: must be 0 to 10, got {self.noise:g}.")
        if self.way == "around" and self.noise == 0:
            raise UserError("--around varies the code of an image by noise: give --noise a level above 0.")
        assert len(self.images) == _CORNERS[self.way]


@dataclass(frozen=True)
class GenerateResult:
    """What was generated."""

    trained: TrainedRun
    rows: Mapping[str, Images]  # images in [0, 1] by how they were made, [k, height, width, channels]
    predicted: Mapping[str, Sequence[tuple[str, float]]] | None  # class and probability, by a classifier
    artifact: str  # where the picture lies among the run's artifacts
    png: bytes


def generate(name: str, wish: GenerateRequest, classifier: str | None, store: Store) -> GenerateResult:
    """Decode codes that no image has, and log the picture with the run.

    Args:
        name: the run of the autoencoder, as `find_run` understands it.
        classifier: a run whose network says what it sees in each image, or None.

    Raises:
        UserError: there is no such network or test image, or the networks do not fit each other.
    """
    trained = find_trained_run(store, name)
    check_task(trained, "reconstruction", "deeplab generate")
    judge = None if classifier is None else find_trained_run(store, classifier)
    if judge is not None:
        check_task(judge, "classification", "--classifier")
    splits = load_data(trained)
    chosen = [_position(text, splits) for text in wish.images]
    # Here, because it imports TensorFlow.
    from deeplab.training.runtime import prepare_runtime

    training = replace(trained.composed().config.training, device="auto", threads=None, precision="float32")
    prepare_runtime(training, seed=0)
    encoder, decoder = _parts(trained)
    if judge is not None and judge.facts().info.input_shape != splits.info.input_shape:
        shapes = (judge.facts().info.input_shape, splits.info.input_shape)
        a, b = ("x".join(map(str, shape)) for shape in shapes)
        raise UserError(f"--classifier: run {judge.name} takes images of {a}, the decoder makes images of {b}.")

    def codes_of(positions: Any) -> Images:
        images = splits.test.images(positions).astype(np.float32) * np.float32(splits.info.scale)
        return np.asarray(encoder.predict_on_batch(images))

    scale = np.zeros(1, np.float32)
    if wish.noise:
        size = evaluation_batch_size(encoder)
        seen = range(0, min(LOOKED_AT, len(splits.test)), size)
        scale = np.concatenate([codes_of(slice(start, start + size)) for start in seen]).std(axis=0)
    rows = {
        name: np.asarray(decoder.predict_on_batch(codes)).clip(0, 1)
        for name, codes in _codes(wish, codes_of(np.array(chosen)), scale).items()
    }
    predicted = None if judge is None else _predicted(judge, rows)
    return _logged(trained, wish, rows, predicted, None if judge is None else str(judge.run.id))


def _position(text: str, splits: Splits) -> int:
    """Where in the test set an image is."""
    count = len(splits.test)
    if text.startswith("@"):
        if not text[1:].isdecimal() or int(text[1:]) >= count:
            raise UserError(f"'{text}': there is no such test image; they are @0 to @{count - 1}.")
        return int(text[1:])
    names = splits.info.class_names
    if text not in names:
        raise UserError(f"{unknown_name('class', text, names)} A test image by its index: @0 to @{count - 1}.")
    rows = np.flatnonzero(splits.test.labels == names.index(text))
    if not len(rows):
        raise UserError(f"There is no test image of class '{text}'.")
    return int(rows[0])


def _parts(trained: TrainedRun) -> tuple[Any, Any]:
    network = trained.network()
    parts = {layer.name: layer for layer in network.layers}
    missing = [part for part in ("encoder", "decoder") if part not in parts]
    if missing:
        raise UserError(
            f"The network of run {trained.name} has no part called {missing[0]}: "
            "its layers must name their part, as in model=autoencoder."
        )
    return parts["encoder"], parts["decoder"]


def _codes(wish: GenerateRequest, codes: Images, scale: Images) -> dict[str, Images]:
    """Codes [k, *shape] by how they came about."""
    rng = np.random.default_rng(wish.seed)
    if wish.way == "around":
        many = np.repeat(codes, wish.steps, axis=0)
        return {f"noise {wish.noise:g}": add_code_noise(many, scale, wish.noise, rng)}
    if wish.way == "grid":
        square = bilinear(codes, wish.steps)
        if wish.noise:
            square = np.stack([add_code_noise(row, scale, wish.noise, rng) for row in square])
        return {" " * (number + 1): row for number, row in enumerate(square)}
    shares = np.linspace(0, 1, wish.steps)
    rows = {"linear": linear(codes[0], codes[1], shares), "spherical": spherical(codes[0], codes[1], shares)}
    if wish.noise:
        rows |= {
            f"{name}, noise {wish.noise:g}": add_code_noise(row, scale, wish.noise, rng) for name, row in rows.items()
        }
    return rows


def _predicted(judge: TrainedRun, rows: Mapping[str, Images]) -> dict[str, list[tuple[str, float]]]:
    """What a classifier makes of images; it may know other classes and other values of a pixel than the autoencoder."""
    predicted, network, info = {}, judge.network(), judge.facts().info
    names = info.class_names
    for name, images in rows.items():
        probabilities = network.predict_on_batch(images / np.float32(info.scale))
        best = probabilities.argmax(axis=1)
        predicted[name] = [(names[best[n]], float(probabilities[n, best[n]])) for n in range(len(images))]
    return predicted


def _logged(
    trained: TrainedRun,
    wish: GenerateRequest,
    rows: Mapping[str, Images],
    predicted: Mapping[str, Sequence[tuple[str, float]]] | None,
    judge: str | None,
) -> GenerateResult:
    from deeplab.plots.run.gallery import draw
    from deeplab.plots.style import to_png

    images = ", ".join(wish.images)
    captions = None
    if predicted is not None:
        captions = {name: [f"{label} {100 * p:.0f} %" for label, p in pairs] for name, pairs in predicted.items()}
    png = to_png(draw(rows, f"{trained.run.name}: {wish.way} {images}", captions))
    plain = "_".join("".join(letter if letter.isalnum() else "-" for letter in text) for text in wish.images)
    noisy = f"_noise_{wish.noise:g}_seed_{wish.seed}" if wish.noise else ""
    # All that makes a picture another one, so that none takes the place of another.
    judged = "" if judge is None else f"_by_{judge[:8]}"
    artifact = f"generate/{wish.way}_{plain}_in_{wish.steps}{noisy}{judged}.png"
    put_file(trained.store, trained.run, artifact, png)
    if predicted:
        lines = [(name.strip(), n, *pair) for name, pairs in predicted.items() for n, pair in enumerate(pairs)]
        content = table(("row", "step", "class", "probability"), lines)
        put_file(trained.store, trained.run, artifact.replace(".png", ".csv"), content.encode())
    return GenerateResult(trained, rows, predicted, artifact, png)
