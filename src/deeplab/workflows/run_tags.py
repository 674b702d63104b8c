"""What a training is known by."""

from deeplab.config.compose import ComposedConfig
from deeplab.tracking.provenance import git_tags
from deeplab.tracking.tags import (
    CONFIG_DIR_TAG,
    CONFIG_TAG,
    DETERMINISTIC_TAG,
    DEVICE_TAG,
    ENGINE_REASON_TAG,
    ENGINE_TAG,
    KIND_TAG,
    PARAMETERS_TAG,
    THREADS_TAG,
    VALIDATION_TAG,
)
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.artifacts import code_tags


def config_dir_tags(composed: ComposedConfig) -> dict[str, str]:
    """The tag that names the folder of --config-dir; nothing where there is none."""
    return {} if composed.config_dir is None else {CONFIG_DIR_TAG: str(composed.config_dir)}


def tags_of(composed: ComposedConfig, setup: TrainingSetup) -> dict[str, str]:
    """The tags of a training: a person's own, and what it is made of and runs on.

    Args:
        composed: its configuration.
        setup: from that.
    """
    config, runtime = composed.config, setup.runtime
    return {
        **{key: str(value) for key, value in config.tags.items()},
        **git_tags(),
        KIND_TAG: "train",
        CONFIG_TAG: composed.hash,
        **code_tags(),
        **config_dir_tags(composed),
        **setup.fingerprints,
        DEVICE_TAG: " ".join(filter(None, (runtime.device, runtime.device_name))),
        ENGINE_TAG: str(setup.engine),
        ENGINE_REASON_TAG: setup.engine.reason,
        THREADS_TAG: str(runtime.threads),
        DETERMINISTIC_TAG: str(runtime.deterministic).lower(),
        VALIDATION_TAG: config.validation.kind,
        PARAMETERS_TAG: str(setup.parameters),
        **{f"deeplab.{part}_rows_in_training": str(count) for part, count in setup.overlap.items()},
    }
