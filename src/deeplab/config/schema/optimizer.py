"""How weights are changed: the group `optimizer`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Fraction, Momentum, NonNegativeFloat, PositiveFloat


@dataclass(frozen=True, config=STRICT)
class SGDConfig:
    """Stochastic gradient descent."""

    kind: Literal["sgd"]
    learning_rate: PositiveFloat
    momentum: Momentum
    nesterov: bool


@dataclass(frozen=True, config=STRICT)
class RMSpropConfig:
    """RMSprop (Tieleman and Hinton, 2012)."""

    kind: Literal["rmsprop"]
    learning_rate: PositiveFloat
    rho: Momentum
    momentum: Momentum
    epsilon: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class AdadeltaConfig:
    """Adadelta (Zeiler, 2012)."""

    kind: Literal["adadelta"]
    learning_rate: PositiveFloat
    rho: Momentum
    epsilon: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class AdamConfig:
    """Adam (Kingma and Ba, 2015)."""

    kind: Literal["adam"]
    learning_rate: PositiveFloat
    beta_1: Momentum
    beta_2: Momentum
    epsilon: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class AdamWConfig:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    kind: Literal["adamw"]
    learning_rate: PositiveFloat
    beta_1: Momentum
    beta_2: Momentum
    weight_decay: NonNegativeFloat
    epsilon: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class NadamConfig:
    """Adam with Nesterov momentum (Dozat, 2016)."""

    kind: Literal["nadam"]
    learning_rate: PositiveFloat
    beta_1: Momentum
    beta_2: Momentum
    epsilon: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class LionConfig:
    """The sign of a momentum, with decoupled weight decay (Chen et al., 2023)."""

    kind: Literal["lion"]
    learning_rate: PositiveFloat
    beta_1: Fraction
    beta_2: Momentum
    weight_decay: NonNegativeFloat


@dataclass(frozen=True, config=STRICT)
class AdafactorConfig:
    """Adam with second moments of rows and columns, and steps relative to the weights (Shazeer and Stern, 2018)."""

    kind: Literal["adafactor"]
    learning_rate: PositiveFloat
    beta_2_decay: Annotated[float, Field(ge=-100, lt=0)]
    epsilon_1: PositiveFloat
    epsilon_2: PositiveFloat
    clip_threshold: PositiveFloat
    relative_step: bool


@dataclass(frozen=True, config=STRICT)
class MuonConfig:
    """Orthogonalized momentum for the kernels of dense layers, AdamW for all else (Jordan, 2024; Liu et al., 2025)."""

    kind: Literal["muon"]
    learning_rate: PositiveFloat
    momentum: Momentum
    nesterov: bool
    ns_steps: Annotated[int, Field(gt=0, le=100)]
    rms_rate: PositiveFloat | None
    weight_decay: NonNegativeFloat
    adam_lr_ratio: PositiveFloat
    adam_beta_1: Momentum
    adam_beta_2: Momentum
    adam_weight_decay: NonNegativeFloat
    epsilon: PositiveFloat


OptimizerConfig = Annotated[
    SGDConfig
    | RMSpropConfig
    | AdadeltaConfig
    | AdamConfig
    | AdamWConfig
    | NadamConfig
    | LionConfig
    | AdafactorConfig
    | MuonConfig,
    Field(discriminator="kind"),
]
