"""Whether the layers of a network fit the rows and each other, found from shapes alone."""

import math
from typing import Any

from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.arguments import LARGEST
from deeplab.models.check_layers import MOST_PARAMETERS
from deeplab.models.expand import LayerSpec
from deeplab.models.layers import needs_maps
from deeplab.models.make_layers import first_sentence

Shape = tuple[int, ...]

LARGEST_IMAGE = 1024
RESIZABLE = ("digits", "image_folder")
SHOWN = ("kernel_size", "pool_size", "strides", "padding", "dilation_rate", "cropping", "target_shape", "size")


def trace(layers: tuple[Any, ...], input_shape: Shape) -> tuple[tuple[Shape, ...], str]:
    """The shape of one row behind each layer, up to the first layer that cannot take it.

    Returns:
        The shapes, and the reason why the layer after the last of them cannot go on; empty when all could.
    """
    shapes: list[Shape] = []
    shape = input_shape
    for layer in layers:
        if needs_maps(type(layer).__name__) and len(shape) != 3:
            return tuple(shapes), f"{type(layer).__name__} takes maps of (height, width, channels)"
        try:
            shape = tuple(int(size) for size in layer.compute_output_shape((None, *shape))[1:])
        except (ValueError, TypeError, IndexError, NotImplementedError) as error:
            return tuple(shapes), first_sentence(error)
        if min(shape, default=1) < 1:
            return tuple(shapes), "nothing would be left"
        shapes.append(shape)
    return tuple(shapes), ""


def shape_text(shape: Shape) -> str:
    """A shape in words.

    Examples:
        >>> shape_text((24, 24, 64)), shape_text((128,))
        ('maps of 24x24x64', 'vectors of 128')
    """
    size = "x".join(map(str, shape))
    return {1: f"vectors of {size}", 3: f"maps of {size}"}.get(len(shape), f"arrays of {size}")


def check_fit(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], info: DatasetInfo) -> tuple[Shape, ...]:
    """Refuse a network whose layers do not fit the rows or each other.

    Args:
        entries: the layers as configured, for the messages.
        layers: the same layers made.
        info: the facts of the data set.

    Returns:
        The shape of one row behind each layer.

    Raises:
        UserError: the first layer that does not fit, what it gets, and the least image size that works.
    """
    shapes, reason = trace(layers, info.input_shape)
    for index, shape in enumerate(shapes):
        if math.prod(shape) > LARGEST:
            raise UserError(
                f"{_described(entries[index])} gives {shape_text(shape)} for each row, more than {LARGEST} numbers."
            )
    if not reason:
        return shapes
    entry = entries[len(shapes)]
    shape = (info.input_shape, *shapes)[-1]
    problem = f"{_described(entry)} cannot take {shape_text(shape)}: "
    if needs_maps(entry.kind) and len(shape) != 3:
        if len(info.input_shape) == 3:
            raise UserError(f"{problem}it needs maps of (height, width, channels); a layer before it ends them.")
        raise UserError(
            f"{problem}it needs images, and the rows of {info.name} are {shape_text(info.input_shape)}, which "
            "model=mlp takes."
        )
    if len(info.input_shape) != 3:
        raise UserError(f"{problem}{reason}.")
    raise UserError(problem + _size_advice(layers, info, reason))


def _size_advice(layers: tuple[Any, ...], info: DatasetInfo, reason: str) -> str:
    height, width, channels = info.input_shape
    for size in range(1, LARGEST_IMAGE + 1):
        if not trace(layers, (size, size, channels))[1]:
            setting = f" (dataset.image_size={size})" if info.name in RESIZABLE else ""
            least = "at least " if size > min(height, width) else ""
            return f"images of {least}{size}x{size} are needed, these are {height}x{width}{setting}."
    return f"{reason}; no image size up to {LARGEST_IMAGE}x{LARGEST_IMAGE} works."


def _described(entry: LayerSpec) -> str:
    shown = ", ".join(f"{key} {entry.settings[key]}" for key in SHOWN if key in entry.settings)
    return f"{entry.where} {entry.kind} ({shown})" if shown else f"{entry.where} {entry.kind}"


def count_parameters(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], shapes: tuple[Shape, ...]) -> int:
    """Count the weights that the layers will have, before any memory is taken for them.

    Args:
        entries: the layers as configured, for the messages.
        layers: the same layers made inside the same `tf.Graph`, where a variable is a name and a shape.
        shapes: the shape of one row in front of each layer.

    Raises:
        UserError: a layer cannot be built on its shape, or the network has more than MOST_PARAMETERS weights.
    """
    total = 0
    for entry, layer, shape in zip(entries, layers, shapes, strict=True):
        where = f"{entry.where} {entry.kind}"
        try:
            layer.build((None, *shape))
        except IndexError as error:
            raise UserError(f"{where} cannot take {shape_text(shape)}: there is no such axis.") from error
        except (ValueError, TypeError, OverflowError) as error:
            raise UserError(f"{where} cannot take {shape_text(shape)}: {first_sentence(error)}.") from error
        total += sum(math.prod(weight.shape) for weight in layer.weights)
        if total > MOST_PARAMETERS:
            raise UserError(
                f"{where} brings the network to {total:,} parameters; at most {MOST_PARAMETERS:,} are allowed."
            )
    return total
