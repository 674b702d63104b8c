"""What a `study.yaml` may say: the trainings of a study, and the figures that they are held against."""

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Text
from deeplab.config.yaml_file import read_yaml
from deeplab.errors import UserError, unknown_name
from deeplab.workflows.noise.levels import read_levels

FILE = "study.yaml"
MOST_ENTRIES = 100
MOST_CHARACTERS = 10_000  # of all overrides; Hydra's grammar reads 3,500 a second
# Each is composed, and written into the report.
Repetitions = Annotated[int, Field(gt=0, le=1000)]


def _entry_name(name: str) -> str:
    # Files of the report are called by it.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.=+ -]{0,99}", name):
        raise ValueError("the name of an entry must be of letters, digits, _ . = + - and blanks, 100 at most")
    return name


@dataclass(frozen=True, config=STRICT)
class ReportedValue:
    """A published figure, or a bound that was asked for."""

    # what is measured: `test/accuracy`, `max_val/accuracy` over the epochs, or `noisy@0.5`, a true-positive rate at a
    # level of noise. Of a sweep: at its best point.
    metric: Text
    source: Text  # who reported it
    reported: float | None = None
    # how far the mean may lie from it and still be called reproduced
    tolerance: Annotated[float, Field(gt=0)] | None = None
    at_least: float | None = None  # a bound, in place of a reported figure
    at_most: float | None = None
    minus: Text | None = None  # another metric of the same entry that is subtracted
    point: Text | None = None  # of a sweep, as in `l2=0.001`; its best one where null

    def __post_init__(self) -> None:
        bounds = self.at_least is not None or self.at_most is not None
        if (self.reported is not None) == bounds:
            raise ValueError("a figure has either reported, or at_least and at_most")
        if (self.reported is None) != (self.tolerance is None):
            raise ValueError("reported and tolerance go together")


@dataclass(frozen=True, config=STRICT)
class NoiseEntry:
    """An evaluation under noise of networks that other entries train."""

    classifier: Text  # the entry whose network classifies
    denoisers: tuple[Text, ...]  # the entries whose networks denoise
    levels: Text  # as `deeplab noise --levels` takes them
    seeds: Repetitions  # draws of the noise at each level


@dataclass(frozen=True, config=STRICT)
class StudyEntry:
    """One thing that a study measures: exactly one of `run`, `sweep` and `noise`."""

    run: tuple[Text, ...] | None = None  # overrides of a training
    sweep: tuple[Text, ...] | None = None  # overrides of a sweep
    noise: NoiseEntry | None = None
    replicates: Repetitions | None = None  # trainings of `run`; those of the study where null
    figures: tuple[ReportedValue, ...] = ()
    about: Text | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.run, self.sweep, self.noise)) != 1:
            raise ValueError("an entry has exactly one of run, sweep and noise")
        if self.sweep is None and any(figure.point is not None for figure in self.figures):
            raise ValueError("only figures of a sweep have a point")


@dataclass(frozen=True, config=STRICT)
class StudyConfig:
    """A study."""

    title: Text
    about: Text  # what it asks, and what must be known to read it
    replicates: Repetitions  # trainings of each run
    entries: Annotated[
        dict[Annotated[str, AfterValidator(_entry_name)], StudyEntry], Field(min_length=1, max_length=MOST_ENTRIES)
    ]


_ADAPTER: TypeAdapter[StudyConfig] = TypeAdapter(StudyConfig)


def read_study(folder: Path) -> StudyConfig:
    """Read the `study.yaml` of a folder, or say in a UserError what is wrong with it."""
    path = folder / FILE
    try:
        document = read_yaml(path)
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}. Give a folder with a {FILE}, as experiments/digits_dense."
        ) from error
    try:
        # By way of JSON, where a list may become a tuple and a mapping a class although types are strict.
        study = _ADAPTER.validate_json(json.dumps(document.values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        line = document.where(first["loc"])
        if first["type"] == "missing":
            raise UserError(f"{line}: {where} is missing.") from error
        raise UserError(f"{line}: {where}: {first['msg'].removeprefix('Value error, ')}.") from error
    count = sum(len(text) for entry in study.entries.values() for text in (*(entry.run or ()), *(entry.sweep or ())))
    if count > MOST_CHARACTERS:
        raise UserError(
            f"{path}: the overrides of all entries have {count:,} characters; {MOST_CHARACTERS:,} are allowed."
        )
    for name, entry in study.entries.items():
        if entry.noise is None:
            continue
        read_levels(entry.noise.levels, f"{path}: {name}.levels")
        trained = [other for other, each in study.entries.items() if each.run is not None]
        for used in (entry.noise.classifier, *entry.noise.denoisers):
            if used not in trained:
                raise unknown_name("entry", used, trained, f"{path}: {name}")
    return study
