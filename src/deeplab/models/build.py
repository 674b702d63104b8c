"""The configuration of a network becomes a Keras model."""

import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from deeplab.config.backbone_weights import BACKBONE
from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.backbones import Backbone
from deeplab.models.check_layers import check_layers
from deeplab.models.expand import expand_layers, is_chain
from deeplab.models.groups import LayerSpec
from deeplab.models.joins import settled
from deeplab.models.make_layers import make_layers
from deeplab.models.output_layer import check_output_layer, check_task
from deeplab.models.shapes import check_fit, count_parameters

# Of a column that is standardised as it is.
SMALLEST_DEVIATION, LARGEST_DEVIATION = 1e-5, 1e15


def check_network(config: ModelConfig, info: DatasetInfo) -> int:
    """Refuse a network that cannot be built for these rows, from shapes alone: no weight takes memory.

    Args:
        config: the network.
        info: the facts of the data set.

    Returns:
        The number of weights that the network will have, trainable or not.

    Raises:
        UserError: one line that names the layer and what is wrong with it.
    """
    return _checked(config, info)[1]


def _checked(config: ModelConfig, info: DatasetInfo) -> tuple[tuple[LayerSpec, ...], int]:
    """The layers with all their arguments, and the number of weights."""
    check_layers(config.layers, config.blocks)
    check_task(config, info)
    # In a graph a variable is a name and a shape: a slip of many zeros is found before memory is taken.
    with tf.Graph().as_default():
        entries = expand_layers(config.layers, config.blocks)
        if info.inputs is not None and any(entry.kind == BACKBONE for entry in entries):
            raise UserError(f"dataset.standardize: a {BACKBONE} scales pixels by itself, as its weights need it.")
        layers = make_layers(entries, info, seed=0)
        shapes = check_fit(entries, layers, info)
        entries = settled(entries, shapes, info.input_shape)
        if None in layers:
            layers = make_layers(entries, info, seed=0)
        check_output_layer(config.task, entries, layers, shapes, info)
        return entries, count_parameters(entries, layers, shapes, info.input_shape)


def build(config: ModelConfig, info: DatasetInfo, seed: int) -> keras.Model:
    """Build a network, not compiled, that takes rows, and gives values, as the data set has them.

    The same configuration and seed give the same weights to the bit, and the same names, whatever the process
    did before. Under a mixed-precision policy the last layer, the scaling and the augmentation compute in
    float32.

    Args:
        config: the network.
        info: the facts of the data set.
        seed: of the weights, and of what the layers draw while training.

    Returns:
        A `keras.Sequential`, or a functional `keras.Model` where the layers branch: [batch, *input_shape] ->
        [batch, num_classes], or [batch, *input_shape] of a reconstruction, or [batch, num_targets] of a regression.
        Layers of one `part` are a `keras.Sequential` of that name in it.

    Raises:
        UserError: one line that names the layer and what is wrong with it.
    """
    entries, _ = _checked(config, info)
    layers = tuple(map(_ready, entries, make_layers(entries, info, seed)))
    inputs = keras.Input(info.input_shape, dtype="float32", name="rows")
    name = _graph_name(config.name)
    if is_chain(entries):
        return keras.Sequential([inputs, *_before(info), *_in_parts(entries, layers), *_behind(info)], name=name)
    values = inputs
    for layer in _before(info):
        values = layer(values)
    outputs = _branched(entries, layers, values)
    for layer in _behind(info):
        outputs = layer(outputs)
    return keras.Model(inputs, outputs, name=name)


def _ready(entry: LayerSpec, layer: Any) -> Any:
    """The layer, or the network that a backbone stands for; weights have no values in a graph, which needs no file."""
    if not isinstance(layer, Backbone):
        return layer
    shape = entry.fixed["shape"]
    return layer.loaded(shape) if tf.executing_eagerly() else layer.network(shape)


def _branched(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], inputs: Any) -> Any:
    """What layers make of the input of which some take several, or not that of the one before."""
    made: list[Any] = []
    for entry, layer in zip(entries, layers, strict=True):
        given = [made[number] if number >= 0 else inputs for number in entry.inputs]
        made.append(layer(given if len(given) > 1 else given[0]))
    return made[-1]


def outline(config: ModelConfig, info: DatasetInfo) -> keras.Model:
    """Build a network to be looked at: its weights are names and shapes, which take no memory.

    Args:
        config: the network.
        info: the facts of the data set.

    Raises:
        UserError: one line that names the layer and what is wrong with it.
    """
    with tf.Graph().as_default():
        return build(config, info, seed=0)


def _before(info: DatasetInfo) -> Iterator[Any]:
    """What brings rows as the data set has them to what the first layer takes."""
    if info.scale != 1:
        yield keras.layers.Rescaling(info.scale, name="rescaling", dtype="float32")
    if info.inputs is not None:
        powers = [_power_of_two(deviation) for deviation in info.inputs.deviation]
        mean = [mean * power for mean, power in zip(info.inputs.mean, powers, strict=True)]
        variance = [(each * power) ** 2 for each, power in zip(info.inputs.deviation, powers, strict=True)]
        if set(powers) != {1.0}:
            yield keras.layers.Rescaling(powers, name="powers_of_two", dtype="float32")
        yield keras.layers.Normalization(mean=mean, variance=variance, name="normalization", dtype="float32")


def _power_of_two(deviation: float) -> float:
    """What a column is multiplied by, without rounding, so that Normalization can hold its variance in float32.

    It takes a deviation below 1e-7 for 1e-7. Of ordinary columns it is 1.
    """
    ordinary = SMALLEST_DEVIATION <= deviation <= LARGEST_DEVIATION
    return 1.0 if ordinary else 2.0 ** -max(-126, min(126, round(math.log2(deviation))))


def _behind(info: DatasetInfo) -> Iterator[Any]:
    """What brings standardised values to the units of the targets."""
    if info.targets is not None:
        scale, offset = list(info.targets.deviation), list(info.targets.mean)
        yield keras.layers.Rescaling(scale, offset, name="units_of_targets", dtype="float32")


def _in_parts(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...]) -> Iterator[Any]:
    pairs = zip(entries, layers, strict=True)
    for part, group in itertools.groupby(pairs, key=lambda pair: pair[0].settings.get("part")):
        inside = [layer for _, layer in group]
        yield from inside if part is None else [keras.Sequential(inside, name=part)]


def _graph_name(name: str) -> str:
    """A name that TensorFlow takes: letters, digits, dots, dashes and underscores, a letter or digit first."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return plain if re.match(r"[A-Za-z0-9]", plain) else f"network{plain}"
