"""What the arguments of the layers may be: numbers, names and lists of them, checked without Keras."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from deeplab.config.backbone_weights import BACKBONE, IMAGENET
from deeplab.errors import UserError, unknown_name
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS
from deeplab.tasks import NUM_OUTPUTS, OF_TASK

LARGEST = 2**31 - 1

# Arguments that a network file may not set, and what is to be said about them.
NOT_CONFIGURABLE = {
    "name": "layers are named by their kind and number",
    "dtype": "the precision is training.precision",
    "autocast": "the precision is training.precision",
    "seed": "every layer draws from the seed of the run",
    "data_format": "rows are (height, width, channels)",
    "noise_shape": "every value is dropped by itself; SpatialDropout2D drops whole maps",
}


@dataclass(frozen=True)
class ArgumentRule:
    """What an argument may be: the test, and the words for it."""

    words: str
    accepts: Callable[[object], bool]


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value: object, accepts: Callable[[object], bool], length: int | None = None) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) > 0
        and (length is None or len(value) == length)
        and all(accepts(item) for item in value)
    )


def _whole_or_pair(least: int) -> ArgumentRule:
    return ArgumentRule(
        f"a whole number from {least} to {LARGEST} or two of them",
        lambda value: _is_whole(value, least) or _is_list(value, lambda item: _is_whole(item, least), 2),
    )


def _optional(kind: ArgumentRule) -> ArgumentRule:
    return ArgumentRule(f"{kind.words}, or null", lambda value: value is None or kind.accepts(value))


def _one_of(*names: str) -> ArgumentRule:
    return ArgumentRule(f"one of {', '.join(names)}", lambda value: value in names)


def _between(low: float, high: float, words: str) -> ArgumentRule:
    return ArgumentRule(
        words, lambda value: isinstance(value, int | float) and _is_number(value) and low <= value < high
    )


def _is_border(value: object) -> bool:
    border = _whole_or_pair(0).accepts
    return border(value) or _is_list(value, lambda item: _is_list(item, lambda n: _is_whole(n, 0), 2), 2)


def _are_axes(value: object) -> bool:
    """Whether these are axes of which no two are the same; -1 beside 3 may be."""
    return (
        isinstance(value, list | tuple)
        and _is_list(value, lambda axis: _is_whole(axis, -8) and axis != 0)
        and list(value) == sorted(set(value))
        and (value[0] > 0) == (value[-1] > 0)
    )


BOOL = ArgumentRule("true or false", lambda value: isinstance(value, bool))
NUMBER = ArgumentRule("a number", _is_number)
FACTOR = ArgumentRule("a number or two of them", lambda value: _is_number(value) or _is_list(value, _is_number, 2))
COUNT = ArgumentRule(f"a whole number from 1 to {LARGEST}", lambda value: _is_whole(value, 1))
# Words for what a network file cannot know, since it does not know the data set.
NUMBERS_OF_ROWS = ("num_classes", "num_inputs", "num_channels", "num_targets")
SHAPE_OF_ROWS = "input_shape"
OUTPUTS = ArgumentRule(
    # What the task decides is settled before.
    f"a whole number from 1 to {LARGEST}, or {', '.join((*NUMBERS_OF_ROWS, NUM_OUTPUTS))}",
    lambda value: value in NUMBERS_OF_ROWS or _is_whole(value, 1),
)
SHARE = _between(0.0, 1.0, "a number from 0 up to but not 1")
NON_NEGATIVE = _between(0.0, math.inf, "a number of at least 0")
BORDER = ArgumentRule("a whole number, [height, width] or [[top, bottom], [left, right]], of at least 0", _is_border)
AXIS = ArgumentRule("a whole number that is not 0", lambda value: _is_whole(value, -8) and value != 0)
AXES = ArgumentRule(
    "a whole number that is not 0, or several of one sign that rise",
    lambda value: AXIS.accepts(value) or _are_axes(value),
)

ARGUMENTS: Mapping[str, ArgumentRule] = {
    "antialias": BOOL,
    "axis": AXES,
    "center": BOOL,
    "cropping": BORDER,
    "depth_multiplier": COUNT,
    "dropout": _optional(SHARE),
    "dilation_rate": _whole_or_pair(1),
    "crop_to_aspect_ratio": BOOL,
    "dims": ArgumentRule(
        "the numbers from 1 on in another order, as in [2, 1]",
        lambda value: (
            isinstance(value, list | tuple)
            and _is_list(value, lambda item: _is_whole(item, 1))
            and sorted(value) == list(range(1, len(value) + 1))
        ),
    ),
    "epsilon": ArgumentRule("a number above 0", lambda value: NON_NEGATIVE.accepts(value) and value != 0),
    "factor": FACTOR,
    "fill_mode": _one_of("constant", "nearest", "reflect", "wrap"),
    "fill_value": NUMBER,
    "filters": OUTPUTS,
    "frozen": BOOL,
    "groups": COUNT,
    "height_factor": FACTOR,
    "height": COUNT,
    "interpolation": _one_of("bilinear", "nearest"),
    "keepdims": BOOL,
    "kernel_size": _whole_or_pair(1),
    "mode": _one_of("horizontal", "horizontal_and_vertical", "vertical"),
    "momentum": SHARE,
    "n": COUNT,
    "negative_slope": NON_NEGATIVE,
    "offset": NUMBER,
    "output_padding": _optional(_whole_or_pair(0)),
    "padding": _one_of("same", "valid"),
    "pad_to_aspect_ratio": BOOL,
    "pool_size": _whole_or_pair(1),
    "rate": SHARE,
    "scale": BOOL,
    "shared_axes": _optional(
        ArgumentRule(
            "a list of rising whole numbers from 1",
            lambda v: _are_axes(v) and _is_list(v, lambda a: _is_whole(a, 1)),
        )
    ),
    "size": _whole_or_pair(1),
    "stddev": NON_NEGATIVE,
    "strides": _optional(_whole_or_pair(1)),
    "target_shape": ArgumentRule(
        f"a list of whole numbers of at least 1, one of them -1 at most, or {SHAPE_OF_ROWS}",
        lambda v: (
            v == SHAPE_OF_ROWS
            or (_is_list(v, lambda n: n == -1 or _is_whole(n, 1)) and isinstance(v, list | tuple) and v.count(-1) < 2)
        ),
    ),
    "units": OUTPUTS,
    "use_bias": BOOL,
    "value_range": ArgumentRule("two numbers, as in [0, 1]", lambda value: _is_list(value, _is_number, 2)),
    "width": COUNT,
    "width_factor": _optional(FACTOR),
}

# Also of layers of a package's or a file's own.
OF_EVERY_LAYER = ("frozen", "l1", "l2")

# Where one name means different things.
ARGUMENTS_OF: Mapping[tuple[str, str], ArgumentRule] = {
    (BACKBONE, "alpha"): _optional(
        ArgumentRule("a number above 0, up to 4", lambda v: _is_number(v) and 0 < cast("float", v) <= 4)
    ),
    (BACKBONE, "pooling"): _optional(_one_of("avg", "max")),
    (BACKBONE, "sha256"): _optional(
        ArgumentRule(
            "64 hexadecimal digits", lambda v: isinstance(v, str) and re.fullmatch("[0-9a-f]{64}", v) is not None
        )
    ),
    (BACKBONE, "unfreeze_from"): _optional(
        ArgumentRule("the name of a layer in it", lambda v: isinstance(v, str) and v != "")
    ),
    (BACKBONE, "weights"): _optional(
        ArgumentRule(
            f"{IMAGENET} or a file (.h5)",
            lambda v: v == IMAGENET or (isinstance(v, str) and v.endswith(".h5")),
        )
    ),
    **{(kind, "axis"): AXIS for kind in ("BatchNormalization", "Concatenate", "GroupNormalization")},
    **{(kind, "pool_size"): COUNT for kind in ("AveragePooling1D", "MaxPooling1D")},
    **{(kind, "strides"): _optional(COUNT) for kind in ("AveragePooling1D", "MaxPooling1D")},
    **{("Conv1D", key): COUNT for key in ("kernel_size", "strides", "dilation_rate")},
    ("RandomErasing", "fill_value"): _optional(NUMBER),
    ("RandomErasing", "scale"): FACTOR,
    ("Rescaling", "scale"): NUMBER,
    ("ZeroPadding2D", "padding"): BORDER,
}


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | str) or _is_number(value)


def is_flat(value: object) -> bool:
    """Whether this is a number, a text, true, false, null or a list of those."""
    return _is_plain(value) and not (
        isinstance(value, list | tuple) and any(isinstance(item, list | tuple) for item in value)
    )


def check_argument(kind: str, key: str, value: object, where: str) -> None:
    """Refuse an argument that cannot be right, or that could make Keras import something.

    Args:
        kind: the layer, as in `Conv2D`.
        key: the argument.
        value: what the configuration gives.
        where: the layer's place, as in `model.layers[0]`.

    Raises:
        UserError: the argument is closed to configuration, or its value is not of the right kind.
    """
    if key in NOT_CONFIGURABLE:
        raise UserError(f"{where}.{key} cannot be set: {NOT_CONFIGURABLE[key]}.")
    if key.endswith(("_regularizer", "_constraint")):
        raise UserError(f"{where}.{key} cannot be set: write l2 or l1 for a penalty on the kernel.")
    # Keras turns a mapping into whatever object it names, importing its module.
    if not _is_plain(value):
        raise UserError(
            f"{where}.{key} must be a finite number, a string, true, false, null or a list of those, got {value!r}."
        )
    if key == "activation" and (value is not None or kind == "Activation") and value not in sorted(ACTIVATIONS):
        raise unknown_name("activation", str(value), [*ACTIVATIONS, OF_TASK], f"{where}.{key}")
    if key.endswith("_initializer") and value not in sorted(INITIALIZERS):
        raise unknown_name("initializer", str(value), INITIALIZERS, f"{where}.{key}")
    rule = _optional(NON_NEGATIVE) if key in ("l1", "l2") else ARGUMENTS_OF.get((kind, key), ARGUMENTS.get(key))
    if not rule or (kind not in (*LAYERS, BACKBONE) and key not in OF_EVERY_LAYER):
        return
    if rule is OUTPUTS and isinstance(value, list | tuple) and value:  # a list stands for several layers
        for index, size in enumerate(value):
            check_rule(rule, size, f"{where}.{key}[{index}]")
    else:
        check_rule(rule, value, f"{where}.{key}")


def check_rule(rule: ArgumentRule, value: object, where: str) -> None:
    """Refuse a value that is not what a rule says, in a UserError of one line that begins with its place."""
    if not rule.accepts(value):
        raise UserError(f"{where} must be {rule.words}, got {value!r}.")
