"""What a configuration may say: one frozen class for each group, checked as it is built.

The defaults live in `conf/`, none of them here: every key must be present in what was composed.
"""

from deeplab.config.schema.dataset import (
    DATASET_KINDS,
    NAMED_DATASETS,
    Background,
    Cifar100Config,
    DatasetConfig,
    DigitsConfig,
    FolderLabelKind,
    ImageFolderConfig,
    LabelKind,
    NamedDatasetConfig,
    NpzConfig,
    PluginDatasetConfig,
)
from deeplab.config.schema.experiment import ExperimentConfig, ModelConfig, TrackingConfig
from deeplab.config.schema.noise import AddedNoiseConfig, NoiseConfig, NoNoiseConfig
from deeplab.config.schema.optimizer import (
    AdadeltaConfig,
    AdamConfig,
    AdamWConfig,
    OptimizerConfig,
    RMSpropConfig,
    SGDConfig,
)
from deeplab.config.schema.plane import PLANE_KINDS, PlaneConfig
from deeplab.config.schema.schedule import (
    ConstantConfig,
    CosineConfig,
    ExponentialConfig,
    InverseTimeConfig,
    PiecewiseConfig,
    ScheduleConfig,
)
from deeplab.config.schema.sweep import (
    SWEEP_KEYS,
    ComparisonConfig,
    LauncherConfig,
    LocalLauncherConfig,
    RayLauncherConfig,
    ReferenceConfig,
    SlurmLauncherConfig,
    SweepConfig,
)
from deeplab.config.schema.table import TABLE_KINDS, BuiltInTableConfig, CsvConfig
from deeplab.config.schema.training import TrainingConfig
from deeplab.config.schema.validation import (
    GivenConfig,
    NoValidationConfig,
    RandomConfig,
    TailConfig,
    TestConfig,
    ValidationConfig,
)

__all__ = [
    "DATASET_KINDS",
    "NAMED_DATASETS",
    "PLANE_KINDS",
    "SWEEP_KEYS",
    "TABLE_KINDS",
    "AdadeltaConfig",
    "AdamConfig",
    "AdamWConfig",
    "AddedNoiseConfig",
    "Background",
    "BuiltInTableConfig",
    "Cifar100Config",
    "ComparisonConfig",
    "ConstantConfig",
    "CosineConfig",
    "CsvConfig",
    "DatasetConfig",
    "DigitsConfig",
    "ExperimentConfig",
    "ExponentialConfig",
    "FolderLabelKind",
    "GivenConfig",
    "ImageFolderConfig",
    "InverseTimeConfig",
    "LabelKind",
    "LauncherConfig",
    "LocalLauncherConfig",
    "ModelConfig",
    "NamedDatasetConfig",
    "NoNoiseConfig",
    "NoValidationConfig",
    "NoiseConfig",
    "NpzConfig",
    "OptimizerConfig",
    "PiecewiseConfig",
    "PlaneConfig",
    "PluginDatasetConfig",
    "RMSpropConfig",
    "RandomConfig",
    "RayLauncherConfig",
    "ReferenceConfig",
    "SGDConfig",
    "ScheduleConfig",
    "SlurmLauncherConfig",
    "SweepConfig",
    "TailConfig",
    "TestConfig",
    "TrackingConfig",
    "TrainingConfig",
    "ValidationConfig",
]
