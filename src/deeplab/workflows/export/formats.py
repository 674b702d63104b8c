"""The formats that a network can be exported to: how each is written, and how what was written is asked again."""

import importlib.util
import logging
import math
import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.code.file import own_layers
from deeplab.errors import UserError
from deeplab.models.inspect import graph
from deeplab.models.layers import is_augmentation
from deeplab.tracking.delete import delete_tree

TRAINING_LAYERS = ("Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout2D")

Ask = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Format:
    """A format."""

    suffix: str  # that its files end in; none for a folder
    # writes a Keras network to a path; unless it `is_keras`, one of `for_inference`, which it may change
    write: Callable[[Any, Path], None]
    # reads it back without Keras' help where it can do without, as a function from rows to probabilities
    load: Callable[[Path], Ask]
    packages: tuple[str, ...] = ()  # that it needs and deeplab does not bring along, as pip writes them: `onnx>=1.23`
    is_keras: bool = False  # whether it can be trained further, and so holds the network with all its layers

    def check_installed(self, name: str) -> None:
        """Refuse a format whose packages are not there."""
        missing = [each for each in self.packages if importlib.util.find_spec(each.partition(">=")[0]) is None]
        if missing:
            raise UserError(f"--to {name} needs more packages; install them with: pip install {shlex.join(missing)}")


def for_inference(network: Any) -> Any:
    """A flat copy in float32 without the layers that do something in training alone: dropout, noise and augmentation.

    Formats other than Keras' own know no training, and have no operations for what these layers draw.
    """
    import keras

    inputs = keras.Input(network.input_shape[1:], dtype="float32", name="rows")
    made: list[Any] = []
    copies = []
    for layer, numbers in graph(network):
        given = [made[number] if number >= 0 else inputs for number in numbers]
        kind = type(layer).__name__
        if kind in TRAINING_LAYERS or is_augmentation(kind):
            made.append(given[0])
            continue
        copy = type(layer).from_config({**layer.get_config(), "dtype": "float32"})
        made.append(copy(given if len(given) > 1 else given[0]))
        copies.append((copy, layer))
    for copy, layer in copies:
        copy.set_weights(layer.get_weights())
    return keras.Model(inputs, made[-1], name=network.name)


def _write_keras(network: Any, path: Path) -> None:
    # Keras goes by the suffix, and what is written aside has another.
    own = path.with_name(f"{path.name}.keras")
    try:
        network.save(own)
        own.replace(path)
    finally:
        own.unlink(missing_ok=True)


def _load_keras(path: Path) -> Ask:
    import keras

    own = path.with_name(f"{path.name}.keras")
    path.rename(own)
    try:
        network = keras.saving.load_model(own, custom_objects=own_layers(), safe_mode=True)
    finally:
        own.rename(path)
    return lambda rows: np.asarray(network.predict_on_batch(rows))


def _write_saved_model(network: Any, path: Path) -> None:
    network.export(str(path), format="tf_saved_model", verbose=False)


def _load_saved_model(path: Path) -> Ask:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return lambda rows: np.asarray(loaded.serve(tf.constant(rows)))


def _write_onnx(network: Any, path: Path) -> None:
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    _with_erf(network)
    network(np.zeros((1, *network.input_shape[1:]), np.float32))  # Keras exports what has been called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras asks NumPy for a name that is to come back
        network.export(str(path), format="onnx", verbose=False)


def _with_erf(network: Any) -> None:
    """Write the activation gelu by erf, which ONNX has: x (1 + erf(x / √2)) / 2. TensorFlow's own is by erfc."""
    import keras
    import tensorflow as tf

    def gelu(x: Any) -> Any:
        return x * (1 + tf.math.erf(x / math.sqrt(2))) / 2

    for layer in network.layers:
        if getattr(layer, "activation", None) is keras.activations.gelu:
            layer.activation = gelu


def _load_onnx(path: Path) -> Ask:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (name,) = (each.name for each in session.get_inputs())
    return lambda rows: np.asarray(session.run(None, {name: rows})[0])


def _write_tflite(network: Any, path: Path) -> None:
    import tensorflow as tf

    folder = path.with_name(f"{path.name}.saved_model")
    try:
        _write_saved_model(network, folder)
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert())
    finally:
        delete_tree(folder)


def _load_tflite(path: Path) -> Ask:
    import tensorflow as tf

    with warnings.catch_warnings():
        # It is to move to a package of its own; the TensorFlow that deeplab is pinned to has it.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(str(path))
    (given,), (returned,) = interpreter.get_input_details(), interpreter.get_output_details()

    def ask(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.resize_tensor_input(given["index"], rows.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], rows)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(returned["index"]))

    return ask


FORMATS = {
    "keras": Format(".keras", _write_keras, _load_keras, is_keras=True),
    "saved_model": Format("", _write_saved_model, _load_saved_model),
    "onnx": Format(".onnx", _write_onnx, _load_onnx, packages=("tf2onnx>=1.17", "onnx>=1.23", "onnxruntime>=1.31")),
    "tflite": Format(".tflite", _write_tflite, _load_tflite),
}
