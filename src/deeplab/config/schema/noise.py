"""What is done to images before a network sees them: the group `noise`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT


@dataclass(frozen=True, config=STRICT)
class NoNoiseConfig:
    """Images as they are."""

    kind: Literal["none"]


@dataclass(frozen=True, config=STRICT)
class AddedNoiseConfig:
    """Noise on training, validation and test images alike."""

    kind: Literal["salt_and_pepper", "gaussian", "masking"]  # what it does
    # share of the pixels that are replaced, or the standard deviation of `gaussian`; pixels are in [0, 1]
    level: Annotated[float, Field(ge=0, le=1)]
    fresh: bool  # training images get another noise in each epoch; otherwise theirs stays the same


NoiseConfig = Annotated[NoNoiseConfig | AddedNoiseConfig, Field(discriminator="kind")]
