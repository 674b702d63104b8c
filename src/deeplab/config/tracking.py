"""Where the store is, for commands that ask nothing else of the configuration."""

from collections.abc import Sequence
from pathlib import Path

from deeplab.config.folders import own_folder
from deeplab.config.schema import TrackingConfig
from deeplab.config.yaml_file import read_yaml


def tracking_config(overrides: Sequence[str], config_dir: Path | None) -> TrackingConfig:
    """The group `tracking` of a configuration.

    Where nothing was said about it the file is read as it is: composing all the rest takes a third of a second, and
    whoever looks at runs waits for it.
    """
    if not overrides and config_dir is None:
        return TrackingConfig(**read_yaml(own_folder() / "tracking" / "default.yaml").values)
    # Here, because it imports Hydra.
    from deeplab.config.compose import compose

    return compose(overrides, config_dir).config.tracking
