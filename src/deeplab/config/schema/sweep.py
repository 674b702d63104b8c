"""How many runs a sweep makes, what they are compared by, and where they are trained."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, NonNegativeFloat, PositiveInt, Text, or_of_code
from deeplab.metrics import COSTS, compared

# The keys of a composed configuration that say how many runs are made of it, not what one run is.
SWEEP_KEYS = ("replicates", "sweep", "launcher")

# What can be compared is what the table of scores has.
if TYPE_CHECKING:
    MetricName = str
    ObjectiveName = str
else:
    MetricName = Annotated[Literal[tuple(metric.name for metric in compared())], or_of_code("metric", "val", "test")]
    ObjectiveName = Annotated[
        Literal[(*(metric.name for metric in compared()), *COSTS)], or_of_code("metric", "val", "test")
    ]


@dataclass(frozen=True, config=STRICT)
class ReferenceConfig:
    """A published figure that the results are held against."""

    value: float
    label: Text


def _vary(parts: tuple[str, ...]) -> tuple[str, ...]:
    if "seed" not in parts:
        raise ValueError("must be [seed] or [seed, split]: replicates of one seed would be the same training")
    return tuple(sorted(set(parts)))


def _objectives(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("must name each objective once")
    if len(names) == 1:
        raise ValueError("must name two objectives at least; a search by one has sweep.metric")
    return names


@dataclass(frozen=True, config=STRICT)
class ComparisonConfig:
    """Which points there are and how they are compared."""

    grid: dict[str, str | tuple[int | float | str, ...]]
    metric: MetricName
    # What differs between replicates. The seed also draws the rows of `validation=random` and the folds; with `split`
    # it draws those that `validation=tail` would take from the end.
    vary: Annotated[tuple[Literal["seed", "split"], ...], AfterValidator(_vary)]
    reference: ReferenceConfig | None
    deviation: Literal["n-1", "n"]  # what bars of one standard deviation divide by; as NumPy's std does it is n
    stop: Literal["paired"] | None  # whether a grid ends points that can no longer become the best
    min_epochs: PositiveInt  # after which a search by successive halving compares for the first time
    # of a search that weighs several, `metric` among them: it looks for points that no other one is better than
    objectives: Annotated[tuple[ObjectiveName, ...], AfterValidator(_objectives)]
    reduction: Annotated[int, Field(ge=2, le=100)]  # of so many points it trains one further


def _cards(asked: Any) -> Any:
    numbers = asked if isinstance(asked, list | tuple) else [0 if asked == "all" else asked]
    least = 1 if type(asked) is int else 0
    if not numbers or any(type(number) is not int or number < least for number in numbers):
        raise ValueError("must be all, how many cards as in 2, or which as in [0,1]")
    if len(set(numbers)) < len(numbers):
        raise ValueError("must name each card once")
    return tuple(asked) if isinstance(asked, list) else asked


@dataclass(frozen=True, config=STRICT)
class LocalLauncherConfig:
    """Worker processes on this machine."""

    kind: Literal["local"]
    workers: PositiveInt | None  # for each card, where there are cards
    gpus: Annotated[Literal["all"] | int | tuple[int, ...], BeforeValidator(_cards)]
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
