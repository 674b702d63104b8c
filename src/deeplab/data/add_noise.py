"""The group `noise` of a configuration, put on a data set."""

from dataclasses import replace

from deeplab.config.schema import NoiseConfig, NoNoiseConfig
from deeplab.data.noise import Noise
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError

_LOOKED_AT = 1024  # examples, enough to tell a scale from 0 to 1 from others


def add_noise(splits: Splits, config: NoiseConfig, seed: int) -> Splits:
    """A data set whose inputs have noise; its images stay what they are.

    Args:
        splits: the data set.
        config: kind and level.
        seed: of what is drawn.

    Raises:
        UserError: the examples are no images, or their values are not in [0, 1].
    """
    if isinstance(config, NoNoiseConfig):
        return splits
    check_takes_noise(splits.train, splits.info, f"noise={config.kind}")

    def noisy(split: Split, name: str) -> Split:
        return replace(split, noise=Noise(config.kind, config.level, seed, name))

    return replace(
        splits,
        train=noisy(splits.train, "train"),
        test=noisy(splits.test, "test"),
        validation=splits.validation and noisy(splits.validation, "validation"),
    )


def check_takes_noise(split: Split, info: DatasetInfo, asked: str) -> None:
    """Refuse noise on what is no image in [0, 1].

    Args:
        split: some examples of the data set.
        info: the facts about it.
        asked: what needs it, for the message.

    Raises:
        UserError: the examples are no images, or their values are not in [0, 1].
    """
    if not info.is_image:
        raise UserError(f"{asked} needs images, and {info.name} has rows of other kinds.")
    if split.x.dtype.kind == "f":
        seen = split.images(slice(_LOOKED_AT))
        low, high = float(seen.min()), float(seen.max())
        if low < 0 or high > 1:
            raise UserError(
                f"{asked} needs images with values from 0 to 1, those of {info.name} go {low:g} to {high:g}."
            )
