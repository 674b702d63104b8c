"""The whole of a configuration, and the groups that fit into few lines."""

from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.dataset import DatasetConfig
from deeplab.config.schema.fields import STRICT, NonNegativeFloat, Text
from deeplab.config.schema.noise import NoiseConfig
from deeplab.config.schema.optimizer import OptimizerConfig
from deeplab.config.schema.schedule import ScheduleConfig
from deeplab.config.schema.training import TrainingConfig
from deeplab.config.schema.validation import ValidationConfig
from deeplab.tasks import TaskName


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    """A network: its layers in order, and the settings of its own that the layers interpolate.

    Each layer is a mapping with `type` and the arguments of that layer; `units: num_classes` stands for the
    number of classes of the data set, `num_targets` for that of the values of a row where it has no class,
    `num_inputs`, `num_channels` and `input_shape` for what its rows are like.
    A list as `units` or `filters` stands for several layers that are otherwise alike, and `dropout` for a Dropout
    behind each. Layers one after the other that name the same `part` are a network of that name inside the network.
    An item may also be a group of layers: `repeat`, `residual`, or a `block` of `blocks`; `name` and `from` say which
    item takes what which gives.
    """

    name: Text
    task: TaskName
    layers: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    settings: dict[str, bool | int | float | str | tuple[bool | int | float | str, ...] | None]
    blocks: dict[str, Any] = field(default_factory=dict)  # groups of layers with values, by name


@dataclass(frozen=True, config=STRICT)
class TrackingConfig:
    """Where runs are kept and what of them."""

    uri: Text | None
    experiment: Text
    save_model: Literal["all", "best", "none"]
    plots: Literal["all", "best", "none"]
    keep_checkpoints: Annotated[int, Field(ge=0)] = 0  # the state after every so many epochs is kept for good; 0: none
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0  # weight of what came before in smoothed curves; 0: as it was
    r_history: bool = False  # whether `history_r.csv` is written, too, with the words of R's keras


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
    noise: NoiseConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    validation: ValidationConfig
    training: TrainingConfig
    tracking: TrackingConfig
