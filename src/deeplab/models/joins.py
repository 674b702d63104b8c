"""Where branches of a network meet: whether their shapes agree, and how a shortcut comes to another shape."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deeplab.config.backbone_weights import BACKBONE
from deeplab.models.groups import LayerSpec

Shape = tuple[int, ...]


def is_open(entry: LayerSpec) -> bool:
    """Whether arguments of a layer are left to the shapes in front of it and of what it is to fit."""
    return entry.fits is not None and entry.kind != "Add"


def fit_shape(kind: str, given: Shape, wanted: Shape) -> tuple[Shape, str]:
    """The shape behind a layer of a shortcut, whatever its open arguments will be.

    Args:
        kind: of the layer.
        given: the shape in front of it.
        wanted: the shape that the shortcut is to come to.

    Returns:
        The shape, and the reason why there is no such layer, or "".
    """
    if kind == "Dropout":
        return given, ""
    if len(given) != 3 or len(wanted) != 3:
        return given, "it is for maps of (height, width, channels)"
    if kind == "ZeroPadding2D":  # its columns are the channels, turned aside
        return (given[0], wanted[2], given[2]), "" if wanted[2] >= given[1] else "there are fewer channels to come to"
    if _strides(given, wanted) is None:
        return given, "no strides lead from one size to the other"
    return wanted if kind == "Conv2D" else (*wanted[:2], given[2]), ""


def settled(entries: Sequence[LayerSpec], shapes: Sequence[Shape], input_shape: Shape) -> tuple[LayerSpec, ...]:
    """The layers with no argument left open; a backbone has the shape of its images.

    Args:
        entries: of a network whose shapes agree.
        shapes: of one example behind each layer.
        input_shape: of one example.
    """
    closed = []
    for entry in entries:
        if entry.kind == BACKBONE:
            closed.append(replace(entry, fixed={"shape": before(entry, shapes, input_shape)[0]}))
            continue
        if entry.fits is None or not is_open(entry):
            closed.append(entry)
            continue
        given = before(entry, shapes, input_shape)[0]
        fitting, fixed = _arguments(entry.kind, given, shapes[entry.fits])
        closed.append(replace(entry, settings={**entry.settings, **fitting}, fits=None, fixed=fixed))
    return tuple(closed)


def before(entry: LayerSpec, shapes: Sequence[Shape], input_shape: Shape) -> list[Shape]:
    """The shapes of one example that a layer takes."""
    return [shapes[number] if number >= 0 else input_shape for number in entry.inputs]


def join_shape(kind: str, layer: Any, shapes: Sequence[Shape]) -> tuple[Shape, str]:
    """The shape behind a layer that joins branches.

    Returns:
        The shape, and the reason why they cannot be joined, or "".
    """
    if len({len(shape) for shape in shapes}) > 1:
        return shapes[0], "they must have as many dimensions"
    rank = len(shapes[0])
    axis: int | None = None
    if kind == "Concatenate":
        axis = layer.axis if layer.axis < 0 else layer.axis - 1 - rank
        if not -rank <= axis < 0:
            return shapes[0], f"there is no axis {layer.axis}"
    for place in range(-rank, 0):
        sizes = {shape[place] for shape in shapes}
        if place != axis and len(sizes - {1} if kind == "Multiply" else sizes) > 1:
            return shapes[0], "their sizes must be the same" + (f" but along axis {layer.axis}" if axis else "")
    return tuple(layer.compute_output_shape([(None, *shape) for shape in shapes])[1:]), ""


def _arguments(kind: str, given: Shape, wanted: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments as a file has them, and those that it may not give."""
    if kind == "Dropout":
        return {}, {"noise_shape": (None, *(1 for _ in given))}
    if kind == "ZeroPadding2D":
        more = wanted[2] - given[1]
        return {"padding": [[0, 0], [more // 2, more - more // 2]]}, {}
    strides = list(_strides(given, wanted) or ())
    plain = strides[0] if strides[0] == strides[1] else strides
    return {"strides": plain, **({"filters": wanted[2]} if kind == "Conv2D" else {})}, {}


def _strides(given: Shape, wanted: Shape) -> tuple[int, int] | None:
    """The smallest strides that lead from one height and width to another, or None."""
    strides = (-(-given[0] // wanted[0]), -(-given[1] // wanted[1]))
    reached = (-(-given[0] // strides[0]), -(-given[1] // strides[1]))
    return strides if reached == wanted[:2] else None
