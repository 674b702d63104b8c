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


def or_of_code(kind: Kind) -> WrapValidator:
    """Take a name of what the code in force declares, besides what a field takes anyway."""

    def check(value: Any, otherwise: Any) -> Any:
        # A score on some rows is named after them: `val/mine`.
        return value if isinstance(value, str) and value.rpartition("/")[2] in declared(kind) else otherwise(value)

    return WrapValidator(check)
