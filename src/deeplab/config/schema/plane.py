"""Points in the plane, drawn as the TensorFlow Playground draws them: part of the group `dataset`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Fraction, PositiveInt

PLANE_KINDS = ("spiral", "circle", "xor", "gaussians", "plane", "bumps")

PlaneInput = Literal["x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2"]


def _each_once(inputs: tuple[PlaneInput, ...]) -> tuple[PlaneInput, ...]:
    doubled = [name for index, name in enumerate(inputs) if name in inputs[:index]]
    if doubled:
        raise ValueError(f"must name each input once, and {doubled[0]} is there twice")
    return inputs


@dataclass(frozen=True, config=STRICT)
class PlaneConfig:
    """Points of two classes (`spiral`, `circle`, `xor`, `gaussians`) or with a value each (`plane`, `bumps`)."""

    kind: Literal["spiral", "circle", "xor", "gaussians", "plane", "bumps"]
    points: Annotated[int, Field(ge=2, le=1_000_000)]
    noise: Annotated[float, Field(ge=0, le=0.5)]
    train_share: Fraction
    inputs: Annotated[tuple[PlaneInput, ...], Field(min_length=1), AfterValidator(_each_once)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    limit: PositiveInt | None
    stratify: bool

    @field_validator("train_share")
    @classmethod
    def _leaves_both(cls, share: float, info: ValidationInfo) -> float:
        points = info.data.get("points")  # missing where it is wrong itself
        if points is not None and not 0 < round(points * share) < points:
            raise ValueError(f"must leave some of the {points} points for training and some for testing")
        return share

    @property
    def train_points(self) -> int:
        """How many of the points are trained on."""
        return round(self.points * self.train_share)
