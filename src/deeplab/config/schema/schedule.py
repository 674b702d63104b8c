"""How the learning rate moves: the group `schedule`."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

from deeplab.code.file import declared
from deeplab.config.schema.fields import STRICT, Epochs, Fraction, NonNegativeFloat, PositiveFloat, PositiveInt, Text


@dataclass(frozen=True, config=STRICT)
class ConstantConfig:
    """The learning rate stays as it is."""

    kind: Literal["constant"]


@dataclass(frozen=True, config=STRICT)
class InverseTimeConfig:
    """learning_rate / (1 + decay_rate * step / decay_steps)."""

    kind: Literal["inverse_time"]
    decay_rate: PositiveFloat
    decay_steps: PositiveInt


@dataclass(frozen=True, config=STRICT)
class ExponentialConfig:
    """learning_rate * decay_rate ** (epoch / decay_epochs), falling with every step."""

    kind: Literal["exponential"]
    decay_rate: Fraction
    decay_epochs: Epochs


@dataclass(frozen=True, config=STRICT)
class CosineConfig:
    """A linear warm-up from zero, then half a cosine down to final_factor * learning_rate (SGDR, 2017)."""

    kind: Literal["cosine"]
    warmup_epochs: Annotated[float, Field(ge=0, le=1e6)]
    final_factor: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class PiecewiseConfig:
    """learning_rate times one factor up to each boundary epoch, and a last factor from there on."""

    kind: Literal["piecewise"]
    boundary_epochs: Annotated[tuple[Epochs, ...], Field(min_length=1)]
    factors: tuple[PositiveFloat, ...]

    def __post_init__(self) -> None:
        if len(self.factors) != len(self.boundary_epochs) + 1:
            raise ValueError(
                f"factors must be one more than boundary_epochs ({len(self.boundary_epochs)}), got {len(self.factors)}"
            )
        if list(self.boundary_epochs) != sorted(set(self.boundary_epochs)):
            raise ValueError(f"boundary_epochs must rise, got {list(self.boundary_epochs)}")


@dataclass(frozen=True, config=STRICT)
class PlateauConfig:
    """learning_rate times a factor whenever the validation score has not become better for some epochs."""

    kind: Literal["plateau"]
    factor: Fraction
    patience: PositiveInt
    min_delta: NonNegativeFloat
    min_learning_rate: NonNegativeFloat


@dataclass(frozen=True, config=STRICT)
class OwnScheduleConfig:
    """A schedule that the file of --code declares."""

    kind: Text


SCHEDULE_KINDS = ("constant", "inverse_time", "exponential", "cosine", "piecewise", "plateau")
OWN = "of --code"


def _schedule_tag(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return OWN if isinstance(kind, str) and kind in declared("schedule") else kind


ScheduleConfig = Annotated[
    Annotated[ConstantConfig, Tag("constant")]
    | Annotated[InverseTimeConfig, Tag("inverse_time")]
    | Annotated[ExponentialConfig, Tag("exponential")]
    | Annotated[CosineConfig, Tag("cosine")]
    | Annotated[PiecewiseConfig, Tag("piecewise")]
    | Annotated[PlateauConfig, Tag("plateau")]
    | Annotated[OwnScheduleConfig, Tag(OWN)],
    Discriminator(_schedule_tag),
]
