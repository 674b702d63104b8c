"""How weights are changed: the group `optimizer`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Momentum, NonNegativeFloat, PositiveFloat


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


OptimizerConfig = Annotated[
    SGDConfig | RMSpropConfig | AdadeltaConfig | AdamConfig | AdamWConfig, Field(discriminator="kind")
]
