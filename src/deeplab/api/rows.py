"""Rows from a notebook as a trained network takes them, in the units that it learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.input_spec import InputSpec
from deeplab.data.npz import NUMBERS, check_dtype
from deeplab.data.tables.encode import encode
from deeplab.errors import UserError, one_line
from deeplab.models.inspect import evaluation_batch_size


def outputs(network: Any, rows: NDArray[Any]) -> NDArray[np.float32]:
    """What a network gives for rows, [n, ...], in batches as everywhere in deeplab."""
    size = evaluation_batch_size(network)
    parts = [network.predict_on_batch(rows[start : start + size]) for start in range(0, len(rows), size)]
    return np.concatenate(parts).astype(np.float32)


def rows_for(facts: InputSpec, data: Any, who: str) -> NDArray[Any]:
    """Rows that fit a network, [n, *input_shape].

    Args:
        facts: of the data set it learned from.
        data: an array [n, *input_shape], of images also without the axis of channels, or one row; for a network of a
            table a DataFrame with its columns, or an array with a column for each.
        who: names the network in errors.

    Raises:
        UserError: the shape, the kind of number or the range is another, or a value is not finite.
    """
    if facts.table is not None:
        return encode(_frame(data, [column.name for column in facts.table.columns], who), facts.table)
    shape = facts.info.input_shape
    x = _numbers(data, who)
    if (x.shape in (shape, shape[:2]) and facts.info.is_image) or x.shape == shape:
        x = x[None]
    if facts.info.is_image and shape[2] == 1 and x.shape[1:] == shape[:2]:
        x = x[..., None]
    if x.shape[1:] != shape or not len(x):
        raise UserError(f"{who} takes rows of shape {shape}, [n, {', '.join(map(str, shape))}]; this is {x.shape}.")
    if not np.isfinite(x).all():
        raise UserError(f"{who}: a value is NaN or infinite, or beyond float32.")
    _check_range(facts, x, who)
    return x


def _frame(data: Any, names: Sequence[str], who: str) -> Any:
    if hasattr(data, "columns"):
        return data
    import pandas as pd

    x = np.asarray(data)
    if x.ndim != 2 or x.shape[1] != len(names):
        raise UserError(f"{who} takes the {len(names)} columns {', '.join(names)}; this is an array of {x.shape}.")
    return pd.DataFrame(x, columns=list(names))


def _numbers(data: Any, who: str) -> NDArray[Any]:
    try:
        x = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise UserError(f"{who}: this is no array ({one_line(error)[:120]}).") from error
    check_dtype(x.dtype, who, NUMBERS)
    if x.dtype == np.uint8:
        return x
    with np.errstate(over="ignore", invalid="ignore"):  # told as not finite
        return x.astype(np.float32)


def _check_range(facts: InputSpec, x: NDArray[Any], who: str) -> None:
    """Refuse images whose white is 1 where it should be 255 or so, or the other way round."""
    if not facts.info.is_image:
        return
    high = float(x.max())
    divisor = 1 / facts.info.scale
    if divisor > 1 and 0 < high <= 1 < facts.high and x.dtype != np.uint8:
        raise UserError(
            f"{who} learned from images of {facts.low:g} to {facts.high:g}, and these reach {high:g}: "
            f"multiply by {divisor:g}."
        )
    if facts.low >= 0 and facts.high <= 1 < high and facts.info.scale == 1:
        raise UserError(
            f"{who} learned from images of {facts.low:g} to {facts.high:g}, and these reach {high:g}: divide them."
        )


def is_path(data: Any) -> bool:
    """Whether files are meant: a path or several."""
    return isinstance(data, str | Path) or (
        isinstance(data, list | tuple) and bool(data) and all(isinstance(each, str | Path) for each in data)
    )
