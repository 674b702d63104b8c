"""How many runs a sweep makes, what they are compared by, and where they are trained."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, NonNegativeFloat, PositiveInt, Text, or_of_code
from deeplab.metrics import compared

# The keys of a composed configuration that say how many runs are made of it, not what one run is.
SWEEP_KEYS = ("replicates", "sweep", "launcher")

# What can be compared is what the table of scores has.
if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Annotated[Literal[tuple(metric.name for metric in compared())], or_of_code("metric")]


@dataclass(frozen=True, config=STRICT)
class ReferenceConfig:
    """A published figure that the results are held against."""

    value: float
    label: Text


@dataclass(frozen=True, config=STRICT)
class ComparisonConfig:
    """Which points there are and how they are compared."""

    grid: dict[str, str | tuple[int | float | str, ...]]
    metric: MetricName
    reference: ReferenceConfig | None
    stop: Literal["paired"] | None  # whether a grid ends points that can no longer become the best
    min_epochs: PositiveInt  # after which a search by successive halving compares for the first time
    reduction: Annotated[int, Field(ge=2, le=100)]  # of so many points it trains one further


@dataclass(frozen=True, config=STRICT)
class LocalLauncherConfig:
    """Worker processes on this machine."""

    kind: Literal["local"]
    workers: PositiveInt | None
    retries: Annotated[int, Field(ge=0, le=100)]


@dataclass(frozen=True, config=STRICT)
class RayLauncherConfig:
    """Tasks of a Ray cluster."""

    kind: Literal["ray"]
    address: Text | None
    cpus_per_trial: PositiveInt
    gpus_per_trial: NonNegativeFloat
    retries: Annotated[int, Field(ge=0, le=100)]


def _partitions(names: str) -> str:
    # It becomes a line of a shell script.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(,[A-Za-z0-9_][A-Za-z0-9_.+-]*)*", names):
        raise ValueError("must be a name, or several with commas between them, of letters, digits, _ . + and -")
    return names


@dataclass(frozen=True, config=STRICT)
class SlurmLauncherConfig:
    """Jobs of a Slurm cluster, submitted through submitit."""

    kind: Literal["slurm"]
    cluster: Literal["slurm", "local"]
    partition: Annotated[str, AfterValidator(_partitions)] | None
    minutes: PositiveInt
    memory_gb: PositiveInt
    cpus_per_trial: PositiveInt
    gpus_per_trial: Annotated[int, Field(ge=0, le=64)]
    retries: Annotated[int, Field(ge=0, le=100)]


LauncherConfig = Annotated[LocalLauncherConfig | RayLauncherConfig | SlurmLauncherConfig, Field(discriminator="kind")]


@dataclass(frozen=True, config=STRICT)
class SweepConfig:
    """What `deeplab sweep` makes of a configuration."""

    replicates: Annotated[int, Field(gt=0, le=10_000)]
    sweep: ComparisonConfig
    launcher: LauncherConfig
