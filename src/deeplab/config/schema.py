"""What a configuration may say: one frozen class for each group, checked as it is built.

The defaults live in `conf/`, none of them here: every key must be present in what was composed.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class DigitsConfig:
    """scikit-learn's 1,797 handwritten digits, resized from 8x8."""

    kind: Literal["digits"]
    image_size: Annotated[int, Field(ge=8, le=512)]
    limit: PositiveInt | None


@dataclass(frozen=True, config=STRICT)
class NamedDatasetConfig:
    """A data set everybody knows, found in a folder or downloaded."""

    kind: Literal["mnist", "fashion_mnist", "cifar10"]
    data_dir: Text | None
    limit: PositiveInt | None


@dataclass(frozen=True, config=STRICT)
class NpzConfig:
    """A person's own `.npz` with x_train, y_train, x_test and y_test."""

    kind: Literal["npz"]
    path: Text
    class_names: tuple[str, ...] | None
    limit: PositiveInt | None


@dataclass(frozen=True, config=STRICT)
class ImageFolderConfig:
    """Class folders of PNG or JPEG images, with or without a test split."""

    kind: Literal["image_folder"]
    path: Text
    image_size: Annotated[int, Field(ge=1, le=4096)]
    color: Literal["auto", "grey", "rgb"]
    test_fraction: Fraction
    limit: PositiveInt | None


@dataclass(frozen=True, config=STRICT)
class PluginDatasetConfig:
    """A data set that an installed package offers under the entry point group `deeplab.datasets`."""

    kind: Text
    options: dict[str, Any]
    limit: PositiveInt | None


NAMED_DATASETS = ("mnist", "fashion_mnist", "cifar10")
DATASET_KINDS = ("digits", *NAMED_DATASETS, "npz", "image_folder")


def _dataset_tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind in NAMED_DATASETS:
        return "named"
    return str(kind) if kind in DATASET_KINDS else "plugin"


DatasetConfig = Annotated[
    Annotated[DigitsConfig, Tag("digits")]
    | Annotated[NamedDatasetConfig, Tag("named")]
    | Annotated[NpzConfig, Tag("npz")]
    | Annotated[ImageFolderConfig, Tag("image_folder")]
    | Annotated[PluginDatasetConfig, Tag("plugin")],
    Discriminator(_dataset_tag),
]


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    """A network: its layers in order, and the settings of its own that the layers interpolate.

    Each layer is a mapping with `type` and the arguments of that layer; `units: num_classes` stands for the
    number of classes of the data set.
    """

    name: Text
    layers: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    settings: dict[str, bool | int | float | str | None | tuple[bool | int | float | str, ...]]


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


@dataclass(frozen=True, config=STRICT)
class AdadeltaConfig:
    """Adadelta (Zeiler, 2012)."""

    kind: Literal["adadelta"]
    learning_rate: PositiveFloat
    rho: Momentum


@dataclass(frozen=True, config=STRICT)
class AdamConfig:
    """Adam (Kingma and Ba, 2015)."""

    kind: Literal["adam"]
    learning_rate: PositiveFloat
    beta_1: Momentum
    beta_2: Momentum


@dataclass(frozen=True, config=STRICT)
class AdamWConfig:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    kind: Literal["adamw"]
    learning_rate: PositiveFloat
    beta_1: Momentum
    beta_2: Momentum
    weight_decay: NonNegativeFloat


OptimizerConfig = Annotated[
    SGDConfig | RMSpropConfig | AdadeltaConfig | AdamConfig | AdamWConfig, Field(discriminator="kind")
]


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
    decay_epochs: PositiveFloat


@dataclass(frozen=True, config=STRICT)
class CosineConfig:
    """A linear warm-up from zero, then half a cosine down to final_factor * learning_rate (SGDR, 2017)."""

    kind: Literal["cosine"]
    warmup_epochs: NonNegativeFloat
    final_factor: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class PiecewiseConfig:
    """learning_rate times one factor up to each boundary epoch, and a last factor from there on."""

    kind: Literal["piecewise"]
    boundary_epochs: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
    factors: tuple[PositiveFloat, ...]

    def __post_init__(self) -> None:
        if len(self.factors) != len(self.boundary_epochs) + 1:
            raise ValueError(
                f"factors must be one more than boundary_epochs ({len(self.boundary_epochs)}), "
                f"got {len(self.factors)}"
            )
        if list(self.boundary_epochs) != sorted(set(self.boundary_epochs)):
            raise ValueError(f"boundary_epochs must rise, got {list(self.boundary_epochs)}")


ScheduleConfig = Annotated[
    ConstantConfig | InverseTimeConfig | ExponentialConfig | CosineConfig | PiecewiseConfig,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, config=STRICT)
class TailConfig:
    """The last rows of the training set are held out, as Keras' validation_split does."""

    kind: Literal["tail"]
    fraction: Fraction


@dataclass(frozen=True, config=STRICT)
class RandomConfig:
    """Rows drawn from the training set by the seed are held out."""

    kind: Literal["random"]
    fraction: Fraction


@dataclass(frozen=True, config=STRICT)
class TestConfig:
    """The test set is the validation set, as some reports did it; the run is tagged so."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    kind: Literal["test"]


@dataclass(frozen=True, config=STRICT)
class NoValidationConfig:
    """Nothing is held out."""

    kind: Literal["none"]


ValidationConfig = Annotated[
    TailConfig | RandomConfig | TestConfig | NoValidationConfig, Field(discriminator="kind")
]


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", text):
        raise ValueError("must be auto, cpu, gpu or the number of a GPU as in gpu:1")
    return text


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """How a network is trained and on what."""

    epochs: PositiveInt
    batch_size: PositiveInt
    loss: Literal["categorical_crossentropy", "binary_crossentropy"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_weights: Literal["balanced"] | tuple[PositiveFloat, ...] | None
    monitor: Literal["loss", "accuracy"]
    early_stopping_patience: PositiveInt | None
    restore_best_weights: bool
    initial_weights: Text | None
    device: Annotated[str, AfterValidator(_device)]
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    threads: PositiveInt | None
    deterministic: bool | None


@dataclass(frozen=True, config=STRICT)
class TrackingConfig:
    """Where runs are kept and what of them."""

    uri: Text | None
    experiment: Text
    save_model: Literal["all", "best", "none"]
    plots: Literal["all", "best", "none"]


def _free_tags(tags: dict[str, Any]) -> dict[str, Any]:
    for name in tags:
        if not name or name.startswith(("mlflow.", "deeplab.")):
            raise ValueError(f"the tag '{name}' is not free: mlflow.* and deeplab.* have meanings of their own")
    return tags


@dataclass(frozen=True, config=STRICT)
class ExperimentConfig:
    """Everything a run depends on."""

    name: Text | None
    notes: str | None
    tags: Annotated[dict[str, str | int | float | bool], AfterValidator(_free_tags)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    l2: NonNegativeFloat | None
    dataset: DatasetConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    validation: ValidationConfig
    training: TrainingConfig
    tracking: TrackingConfig
