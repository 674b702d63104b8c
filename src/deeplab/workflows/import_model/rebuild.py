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
from deeplab.models.expand import expand_layers, layer_names
from deeplab.models.inspect import flat_layers
from deeplab.models.joins import Shape
from deeplab.tasks import TaskName
from deeplab.workflows.import_model.graph import Graph, Node
from deeplab.workflows.import_model.words import Words, class_of

TOLERANCE = 1e-6
MOST_NUMBERS = 1 << 27  # that all layers together may give for a row: half a gigabyte
ROWS, ROWS_NUMBERS = 64, 1 << 24  # so many rows are compared, or as many as come to so many numbers, and one at least


@dataclass(frozen=True)
class Task:
    """What a network is for, as its last layer has it."""

    name: TaskName  # of the task
    info: DatasetInfo  # of a data set that it would fit
    notes: tuple[str, ...] = ()  # what a person should know, each a line


def original(graph: Graph, words: Sequence[Words]) -> tuple[list[Any], Shape]:
    """The layers of the model, built by Keras' own classes of the arguments that were accepted.

    Returns:
        The layers, and the shape of what the last gives for one row.

    Raises:
        UserError: Keras refuses them.
    """
    total = 0
    shapes: list[Any] = [(None, *graph.input_shape)]  # of the input, and behind each layer
    for node, each in zip(graph.nodes, words, strict=True):
        try:
            weights, shape = _outline(class_of(node.kind)(**each.plain), _taken(node, shapes))
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise UserError(f"{node.where}: {str(error).splitlines()[0][:200]}") from error
        total += weights
        shapes.append(shape)
        if total > MOST_PARAMETERS:
            raise UserError(f"{node.where}: the network has more than {MOST_PARAMETERS:,} weights.")
        if sum(math.prod(size[1:]) for size in shapes) > MOST_NUMBERS:
            raise UserError(f"{node.where}: up to here layers give more than {MOST_NUMBERS:,} numbers for each row.")
    layers = [class_of(node.kind)(**each.plain) for node, each in zip(graph.nodes, words, strict=True)]
    with keras.device("cpu"):
        for node, layer in zip(graph.nodes, layers, strict=True):
            layer.build(_taken(node, shapes))
    return layers, tuple(int(size or 0) for size in shapes[-1][1:])


def _taken(node: Node, values: Sequence[Any]) -> Any:
    """What a layer takes, of what comes in and stands behind each layer: a list where it joins branches."""
    taken = [values[number + 1] for number in node.inputs]
    return taken if len(taken) > 1 else taken[0]


def _outline(layer: Any, shape: Any) -> tuple[int, Any]:
    """How many weights a layer has on rows of a shape, without memory for them, and the shape behind it."""
    import tensorflow as tf

    with tf.Graph().as_default():
        layer.build(shape)
        return sum(math.prod(weight.shape) for weight in layer.weights), tuple(layer.compute_output_shape(shape))


def task_of(graph: Graph, words: Sequence[Words], row: Shape, file: str) -> Task:
    """Find out what a model is for, and write `units` of its last layer in the word for that.

    Args:
        graph: of the model.
        words: of its layers.
        row: the shape of what it gives for one row.
        file: begins each error.

    Raises:
        UserError: it ends in what no task ends in.
    """
    rows, last = graph.input_shape, words[-1].settings
    activation = str(last.get("activation", "linear"))
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


def rebuilt(values: dict[str, Any], task: Task) -> tuple[Any, list[Any]]:
    """The network that deeplab makes of a file, and its layers in the order of the file."""
    layers = tuple(values["layers"])
    config = ModelConfig(name=str(values["name"]), task=values["task"], layers=layers, settings={})
    network = build(config, task.info, seed=0)
    by_name = {layer.name: layer for layer in flat_layers(network)}
    return network, [by_name[name] for name in layer_names(expand_layers(layers))]


def compared(graph: Graph, layers: Sequence[Any], network: Any, ours: Sequence[Any]) -> float:
    """Give a network the weights of the model and return the largest difference of what both say of random rows.

    Args:
        graph: of the model.
        layers: of the model.
        network: that was built of the file.
        ours: its layers in the order of the file.

    Raises:
        RunError: the network has other layers, shapes or weights.
    """
    if len(ours) != len(layers):
        raise RunError(f"The network as YAML has {len(ours)} layers, the model {len(layers)}; it was not written.")
    rng = np.random.default_rng(0)
    numbers = math.prod(graph.input_shape) + sum(math.prod(mine.output.shape[1:]) for mine in ours)
    count = max(1, min(ROWS, ROWS_NUMBERS // numbers))
    rows = rng.uniform(0, 1, (count, *graph.input_shape)).astype(np.float32)
    values = [keras.ops.convert_to_tensor(rows)]  # of the input, and behind each layer
    for node, layer, mine in zip(graph.nodes, layers, ours, strict=True):
        values.append(layer(_taken(node, values), training=False))
        theirs = [tuple(weight.shape) for weight in layer.weights]
        if theirs != [tuple(weight.shape) for weight in mine.weights] or values[-1].shape[1:] != mine.output.shape[1:]:
            raise RunError(
                f"The layer {mine.name} as YAML has other shapes than that of the model; it was not written."
            )
        mine.set_weights(layer.get_weights())
    said = network(values[0], training=False)  # layer by layer, too: what is compiled rounds otherwise
    return float(np.abs(np.asarray(values[-1]) - np.asarray(said)).max())
