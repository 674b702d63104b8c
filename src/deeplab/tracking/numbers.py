"""Numbers in what a store keeps as text: somebody else may have written it, or changed it."""

import re
from collections.abc import Mapping

from deeplab.errors import UserError
from deeplab.visible import visible_line


def whole_of(values: Mapping[str, str], key: str, default: str | None = None) -> int:
    """A whole number among tags, params or the cells of a line.

    Raises:
        UserError: it is missing or something else.

    Examples:
        >>> whole_of({"deeplab.folds": "5"}, "deeplab.folds"), whole_of({}, "deeplab.folds", "1")
        (5, 1)
    """
    text = values.get(key, default)
    if text is None or not re.fullmatch("-?[0-9]{1,15}", text):
        raise _odd(key, text, "whole number")
    return int(text)


def number_of(values: Mapping[str, str], key: str) -> float:
    """A number among them, NaN and the infinities included.

    Raises:
        UserError: it is missing or something else.

    Examples:
        >>> number_of({"deeplab.margin": "0.01"}, "deeplab.margin")
        0.01
    """
    try:
        return float(values[key])
    except (KeyError, TypeError, ValueError) as error:
        raise _odd(key, values.get(key), "number") from error


def _odd(key: str, text: str | None, kind: str) -> UserError:
    said = "is missing" if text is None else f"is '{visible_line(str(text))[:60]}', which is no {kind}"
    return UserError(f"{visible_line(key)} of a stored run {said}; deeplab did not write it so.")
