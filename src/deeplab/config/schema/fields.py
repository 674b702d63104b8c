"""Kinds of values that many groups share."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WrapValidator

from deeplab.code.declare import Kind
from deeplab.code.file import declared

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

# TensorFlow counts in int32 and computes in float32.
PositiveInt = Annotated[int, Field(gt=0, lt=2**31)]
PositiveFloat = Annotated[float, Field(gt=0, le=3e38)]
NonNegativeFloat = Annotated[float, Field(ge=0, le=3e38)]
Epochs = Annotated[float, Field(gt=0, le=1e6)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, Field(min_length=1)]


def or_of_code(kind: Kind, *data: str) -> WrapValidator:
    """Take a name of what the code in force declares, besides what a field takes anyway.

    Args:
        kind: of what is declared.
        data: rows that a score is named after, as in `val/mine`; nothing where it is named as such.
    """

    def check(value: Any, otherwise: Any) -> Any:
        if not isinstance(value, str):
            return otherwise(value)
        rows, _, name = value.rpartition("/")
        return value if name in declared(kind) and rows in (data or ("",)) else otherwise(value)

    return WrapValidator(check)
