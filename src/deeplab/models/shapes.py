"""Whether the layers of a network fit the rows and each other, found from shapes alone."""

import math
from typing import Any

from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.arguments import LARGEST
from deeplab.models.check_layers import MOST_PARAMETERS
from deeplab.models.groups import LayerSpec
from deeplab.models.joins import Shape, before, fit_shape, join_shape
from deeplab.models.layers import needed_rank
from deeplab.models.make_layers import first_sentence

LARGEST_IMAGE = 1024
MOST_WALKED = 100_000  # layers in the search for a size that works: a second
RESIZABLE = ("digits", "image_folder")
_RANKS = {
    1: "vectors",
    2: "sequences of (steps, values)",
    3: "maps of (height, width, channels)",
}
SHOWN = ("kernel_size", "pool_size", "strides", "padding", "dilation_rate", "cropping", "target_shape", "size")


def trace(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], input_shape: Shape) -> tuple[tuple[Shape, ...], str]:
    """The shape of one row behind each layer, up to the first layer that cannot take what is in front of it.

    Args:
        entries: the layers as configured.
        layers: the same layers made; None for one whose arguments are open.
        input_shape: of one row.

    Returns:
        The shapes, and the reason why the layer after the last of them cannot go on; empty when all could.
    """
    shapes: list[Shape] = []
    for entry, layer in zip(entries, layers, strict=True):
        given = before(entry, shapes, input_shape)
        shape, reason = _behind(entry, layer, given, None if entry.fits is None else shapes[entry.fits])
        if reason:
            return tuple(shapes), reason
        if min(shape, default=1) < 1:
            return tuple(shapes), "nothing would be left"
        shapes.append(shape)
    return tuple(shapes), ""


def _behind(entry: LayerSpec, layer: Any, given: list[Shape], fits: Shape | None) -> tuple[Shape, str]:
    shape = given[0]
    rank = needed_rank(entry.kind)
    if rank is not None and len(shape) != rank:
        return shape, f"{entry.kind} takes {_RANKS[rank]}"
    if entry.kind == "CenterCrop" and (layer.height > shape[0] or layer.width > shape[1]):
        return shape, "a crop cannot be larger than what it is of"
    if layer is None:
        return fit_shape(entry.kind, shape, fits or ())
    if len(given) > 1:
        return join_shape(entry.kind, layer, given)
    try:
        return tuple(int(size) for size in layer.compute_output_shape((None, *shape))[1:]), ""
    except (ValueError, TypeError, IndexError, NotImplementedError) as error:
        return shape, first_sentence(error)


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
    shapes, reason = trace(entries, layers, info.input_shape)
    for index, shape in enumerate(shapes):
        if math.prod(shape) > LARGEST:
            raise UserError(
                f"{_described(entries[index])} gives {shape_text(shape)} for each row, more than {LARGEST} numbers."
            )
    if not reason:
        return shapes
    entry = entries[len(shapes)]
    shape = before(entry, shapes, info.input_shape)[0]
    if entry.fits is not None or len(entry.inputs) > 1:
        raise UserError(_join_problem(entries, shapes, info.input_shape, reason))
    problem = f"{_described(entry)} cannot take {shape_text(shape)}: "
    rank = needed_rank(entry.kind)
    if rank in (1, 2) and len(shape) != rank:
        raise UserError(f"{problem}it needs {_RANKS[rank]}; a Reshape makes them.")
    if rank == 3 and len(shape) != 3:
        if len(info.input_shape) == 3:
            raise UserError(f"{problem}it needs maps of (height, width, channels); a layer before it ends them.")
        raise UserError(
            f"{problem}it needs images, and the rows of {info.name} are {shape_text(info.input_shape)}, which "
            "model=mlp takes."
        )
    if len(info.input_shape) != 3:
        raise UserError(f"{problem}{reason}.")
    raise UserError(problem + _size_advice(entries, layers, info, reason))


def _join_problem(entries: tuple[LayerSpec, ...], shapes: tuple[Shape, ...], input_shape: Shape, reason: str) -> str:
    """Why branches cannot meet: the shapes, and whose they are."""
    entry = entries[len(shapes)]
    given = before(entry, shapes, input_shape)
    if entry.fits is not None:
        wanted = given[0] if entry.kind == "Add" else shapes[entry.fits]
        comes = given[-1]
        text = f"{entry.where}: its layers give {shape_text(wanted)}, and what comes in is {shape_text(comes)}"
        if entry.kind != "Add":
            return f"{text}; the shortcut cannot fit ({entry.kind}): {reason}."
        ways = "write shortcut: projection, or pad, or let them give" if len(comes) == 3 else "let them give"
        return f"{text}; {ways} what comes in."
    each = [
        f"{shape_text(shape)} ({f'{entries[number].where} {entries[number].kind}' if number >= 0 else 'the input'})"
        for number, shape in zip(entry.inputs, given, strict=True)
    ]
    return f"{entry.where} {entry.kind} cannot join {', '.join(each[:-1])} and {each[-1]}: {reason}."


def _size_advice(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], info: DatasetInfo, reason: str) -> str:
    height, width, channels = info.input_shape
    size, walked = 0, 0
    while size < LARGEST_IMAGE and walked < MOST_WALKED:
        size += 1
        shapes, problem = trace(entries, layers, (size, size, channels))
        if not problem:
            setting = f" (dataset.image_size={size})" if info.name in RESIZABLE else ""
            least = "at least " if size > min(height, width) else ""
            return f"images of {least}{size}x{size} are needed, these are {height}x{width}{setting}."
        walked += len(shapes)
    return f"{reason}; no image size up to {size}x{size} works."


def _described(entry: LayerSpec) -> str:
    shown = ", ".join(f"{key} {entry.settings[key]}" for key in SHOWN if key in entry.settings)
    return f"{entry.where} {entry.kind} ({shown})" if shown else f"{entry.where} {entry.kind}"


def count_parameters(
    entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], shapes: tuple[Shape, ...], input_shape: Shape
) -> int:
    """Count the weights that the layers will have, before any memory is taken for them.

    Args:
        entries: the layers as configured, for the messages.
        layers: the same layers made inside the same `tf.Graph`, where a variable is a name and a shape.
        shapes: the shape of one row behind each layer.
        input_shape: of one row.

    Raises:
        UserError: a layer cannot be built on its shape, or the network has more than MOST_PARAMETERS weights.
    """
    total = 0
    for entry, layer in zip(entries, layers, strict=True):
        where = f"{entry.where} {entry.kind}"
        given = before(entry, shapes, input_shape)
        shape, batches = given[0], [(None, *each) for each in given]
        try:
            layer.build(batches if len(batches) > 1 else batches[0])
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
