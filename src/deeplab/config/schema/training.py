"""How long, how large, on what: the group `training`."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import (
    STRICT,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Text,
    or_of_code,
)
from deeplab.metrics import METRICS, chosen_by, optional
from deeplab.tasks import TASKS

# What an epoch can be chosen by is what the table of scores has, and losses are those of the tasks.
if TYPE_CHECKING:
    Monitor = str
    Loss = str
    OptionalMetric = str
else:
    Monitor = Annotated[Literal[tuple(metric.name for metric in chosen_by())], or_of_code("metric")]
    OptionalMetric = Annotated[Literal[tuple(metric.name for metric in optional())], or_of_code("metric")]
    Losses = Literal[tuple(dict.fromkeys(loss for task in TASKS.values() for loss in task.losses))]
    Loss = Annotated[Losses, or_of_code("loss")]


def _not_measured_anyway(name: Any) -> Any:
    if name in METRICS and not METRICS[name].is_optional:
        raise ValueError("must be a score that is not measured anyway")
    return name


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("must name each score once")
    return names


def _device(text: str) -> str:
    several = re.fullmatch(r"cpu:[0-9](,[0-9])+|gpu:[0-9]{1,3}(,[0-9]{1,3})+", text)
    if not several and not re.fullmatch(r"auto|cpu|gpu(:[0-9]{1,3})?", text):
        raise ValueError("must be auto, cpu, gpu or the number of a GPU as in gpu:1, or several as in gpu:0,1")
    numbers = [int(number) for number in text.partition(":")[2].split(",")] if several else []
    if len(set(numbers)) < len(numbers):
        raise ValueError("must name each device once")
    if text.startswith("cpu:") and sorted(numbers) != list(range(len(numbers))):
        raise ValueError("must count the parts of the processor from 0, as in cpu:0,1")
    return text


@dataclass(frozen=True, config=STRICT)
class StageConfig:
    """Some epochs of a fine-tuning: what is trained in them, and how fast."""

    epochs: PositiveInt
    learning_rate: PositiveFloat | None = None  # null for that of the optimizer
    unfreeze: Literal["none", "all"] | tuple[Text, ...] = "none"  # of the layers that the network's file has frozen
    unfreeze_from: Text | None = None  # or all of them from this one on

    def __post_init__(self) -> None:
        if self.unfreeze != "none" and self.unfreeze_from is not None:
            raise ValueError("a stage has unfreeze or unfreeze_from, not both")


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """How a network is trained and on what."""

    epochs: PositiveInt
    batch_size: PositiveInt
    loss: Loss
    standardize_targets: bool
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_weights: Literal["balanced"] | tuple[PositiveFloat, ...] | None
    clip_norm: PositiveFloat | None
    clip_global_norm: PositiveFloat | None
    clip_value: PositiveFloat | None
    accumulate: PositiveInt
    stages: tuple[StageConfig, ...]
    ema: Fraction | None
    metrics: Annotated[
        tuple[Annotated[OptionalMetric, BeforeValidator(_not_measured_anyway)], ...], AfterValidator(_once_each)
    ]
    score_training_rows: bool
    monitor: Monitor
    early_stopping_patience: PositiveInt | None
    restore_best_weights: bool
    initial_weights: Text | None
    device: Annotated[str, AfterValidator(_device)]
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    threads: Annotated[int, Field(gt=0, le=1024)] | None
    deterministic: bool | None
    checkpoint_every: PositiveInt
    checkpoint_seconds: NonNegativeFloat
    engine: Literal["auto", "compiled", "keras"]
    randomness: Literal["splitmix", "keras"]

    def __post_init__(self) -> None:
        clips = [key for key in ("clip_norm", "clip_global_norm", "clip_value") if getattr(self, key) is not None]
        if len(clips) > 1:
            raise ValueError(f"gradients are clipped in one way at most, got {' and '.join(clips)}")
        planned = sum(stage.epochs for stage in self.stages)
        if self.stages and planned != self.epochs:
            raise ValueError(f"the stages have {planned} epochs together, and training.epochs is {self.epochs}")
        if "," in self.device:
            alone = {"accumulate": self.accumulate > 1, "ema": self.ema is not None}
            for key in (key for key, given in alone.items() if given):
                raise ValueError(f"{key} goes with one device, and device={self.device} names several")
