"""Whether a network in YAML is the model that it was made of: the same layers, shapes, weights and outputs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import RunError, UserError
from deeplab.models.build import build
from deeplab.models.check_layers import MOST_PARAMETERS
from deeplab.models.inspect import flat_layers
from deeplab.tasks import TaskName
from deeplab.workflows.import_model.graph import Chain
from deeplab.workflows.import_model.words import Words, class_of

TOLERANCE = 1e-6
ROWS = 64


@dataclass(frozen=True)
class Task:
    """What a network is for, as its last layer has it."""

    name: TaskName  # of the task
    info: DatasetInfo  # of a data set that it would fit
    notes: tuple[str, ...] = ()  # what a person should know, each a line


def original(chain: Chain, words: Sequence[Words]) -> list[Any]:
    """The layers of the model, built by Keras' own classes of the arguments that were accepted.

    Raises:
        UserError: Keras refuses them.
    """
    layers, shape, total = [], (None, *chain.input_shape), 0
    for link, each in zip(chain.links, words, strict=True):
        try:
            layer = class_of(link.kind)(**each.plain)
            with keras.device("cpu"):
                total += _weights_of(class_of(link.kind)(**each.plain), shape)
                if total > MOST_PARAMETERS:
                    raise UserError(f"{link.where}: the network has more than {MOST_PARAMETERS:,} weights.")
                layer.build(shape)
            shape = tuple(layer.compute_output_shape(shape))
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise UserError(f"{link.where}: {str(error).splitlines()[0][:200]}") from error
        layers.append(layer)
    return layers


def _weights_of(layer: Any, shape: Any) -> int:
    """How many weights a layer has on rows of a shape, without memory for them."""
    import tensorflow as tf

    with tf.Graph().as_default():
        layer.build(shape)
        return sum(math.prod(weight.shape) for weight in layer.weights)


def task_of(chain: Chain, words: Sequence[Words], layers: Sequence[Any], file: str) -> Task:
    """Find out what a model is for, and write `units` of its last layer in the word for that.

    Raises:
        UserError: it ends in what no task ends in.
    """
    shape: tuple[int | None, ...] = (None, *chain.input_shape)
    for layer in layers:
        shape = tuple(layer.compute_output_shape(shape))
    row, last = tuple(int(size or 0) for size in shape[1:]), words[-1].settings
    activation = str(last.get("activation", "linear"))
    rows = chain.input_shape
    if activation == "sigmoid" and row == (1,):
        raise UserError(
            f"{file}: the model ends in one sigmoid; two classes are two outputs with softmax here, or a regression "
            "of -1 and +1."
        )
    if activation in ("softmax", "sigmoid") and len(row) == 1:
        _name_units(words, "num_classes")
        names = tuple(map(str, range(row[0])))
        return Task("classification", DatasetInfo("imported", rows, len(names), names, "", 1.0))
    if row == rows and len(rows) == 3:
        return Task("reconstruction", DatasetInfo("imported", rows, 2, ("0", "1"), "", 1.0))
    if len(row) != 1:
        raise UserError(f"{file}: the model gives {row} of each row, which no task of deeplab takes.")
    _name_units(words, "num_targets")
    targets = tuple(f"y{column}" for column in range(row[0])) if row[0] > 1 else ()
    note = (
        f"the model ends without softmax and is taken for a regression of {row[0]} numbers; a classifier that gives "
        "logits needs `activation: softmax` in its last layer and `task: classification`"
    )
    info = DatasetInfo("imported", rows, 0, (), "", 1.0, target_names=targets)
    return Task("regression", info, (note,) if row[0] > 1 else ())


def _name_units(words: Sequence[Words], word: str) -> None:
    """Let the last layer take its size from the data set."""
    for each in reversed(words):
        if each.settings["type"] == "Dense":
            each.settings["units"] = word
        if each.settings["type"] != "Activation":
            return


def rebuilt(values: dict[str, Any], task: Task) -> Any:
    """The network that deeplab makes of a file."""
    layers = tuple(values["layers"])
    config = ModelConfig(name=str(values["name"]), task=values["task"], layers=layers, settings={})
    return build(config, task.info, seed=0)


def compared(layers: Sequence[Any], network: Any, input_shape: tuple[int, ...]) -> float:
    """Give a network the weights of the layers and return the largest difference of what both say of random rows.

    Raises:
        RunError: the network has other layers, shapes or weights.
    """
    ours = list(flat_layers(network))
    if len(ours) != len(layers):
        raise RunError(f"The network as YAML has {len(ours)} layers, the model {len(layers)}; it was not written.")
    rng = np.random.default_rng(0)
    rows = rng.uniform(0, 1, (ROWS, *input_shape)).astype(np.float32)
    values = keras.ops.convert_to_tensor(rows)
    for layer, mine in zip(layers, ours, strict=True):
        values = layer(values, training=False)
        theirs = [tuple(weight.shape) for weight in layer.weights]
        if theirs != [tuple(weight.shape) for weight in mine.weights] or values.shape[1:] != mine.output.shape[1:]:
            raise RunError(
                f"The layer {mine.name} as YAML has other shapes than that of the model; it was not written."
            )
        mine.set_weights(layer.get_weights())
    return float(np.abs(np.asarray(values) - network.predict_on_batch(rows)).max())
