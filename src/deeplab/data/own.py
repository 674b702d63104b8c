"""A data set that a function of one's own returns as arrays."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deeplab.code.declare import default_options
from deeplab.config.schema import LabelKind, PluginDatasetConfig
from deeplab.data.splits import Splits
from deeplab.data.validate_arrays import checked_splits
from deeplab.errors import UserError, unknown_name

KEYS = ("x_train", "y_train", "x_test", "y_test")


class _Source(Protocol):
    def __call__(self, config: Any, cache_dir: Path) -> Splits: ...


def from_function(function: Callable[..., Any], task: str) -> _Source:
    """Make a source of a function of options that returns x_train, y_train, x_test and y_test; see `checked_splits`."""

    def load(config: PluginDatasetConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
        where = f"dataset.kind={config.kind}"
        returned = function(**_options(function, config.options))
        if not isinstance(returned, tuple | list) or len(returned) != len(KEYS):
            raise UserError(f"{where}: must return {', '.join(KEYS)}.")
        arrays = {key: _array(value, f"{where}: {key}", key) for key, value in zip(KEYS, returned, strict=True)}
        kind: LabelKind = "values" if task == "regression" else "classes"
        return checked_splits(config.kind, arrays, None, where, "auto", kind)

    return load


def _options(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a function."""
    parameters = inspect.signature(function).parameters
    for key in given:
        if key not in parameters:
            raise unknown_name("option", key, [*parameters] or ["none"], "dataset.options")
    options = default_options(function) | {**given}
    for key in parameters:
        if key not in options:
            raise UserError(f"dataset.options.{key} is missing.")
    return options


def _array(value: Any, where: str, key: str) -> NDArray[Any]:
    array = np.asarray(value)
    allowed, words = ("biufU", "numbers or text") if key.startswith("y_") else ("biuf", "numbers")
    if array.dtype.kind not in allowed:
        raise UserError(f"{where}: dtype {array.dtype}; {words} are needed.")
    return array
