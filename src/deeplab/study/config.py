"""What a `study.yaml` may say: the trainings of a study, and the figures that they are held against."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Text
from deeplab.config.yaml_file import read_yaml
from deeplab.errors import UserError, nearest, unknown_name
from deeplab.study.values import TIMES, curves, is_curve
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

    source: Text  # who reported it
    # what is measured: `test/accuracy`, `max_val/accuracy` over the epochs, `parameters`, `time/epoch_seconds`, or
    # `noisy@0.5`, a true-positive rate at a level of noise. Of a sweep: at its best point.
    metric: Text | None = None
    crosses: tuple[Text, ...] | None = None  # in place of it: the first epoch at which these two curves have crossed
    epoch: Annotated[int, Field(gt=0)] | None = None  # whose value the metric is; that of the finished run where null
    reported: float | None = None
    # how far what is measured may lie from it and still be called reproduced
    tolerance: Annotated[float, Field(ge=0)] | None = None
    mean_of: Repetitions = 1  # of how many runs the published figure is the mean
    at_least: float | None = None  # a bound, in place of a reported figure
    at_most: float | None = None
    minus: Text | None = None  # another metric of the same run that is subtracted
    minus_entry: Text | None = None  # another entry whose same metric is subtracted, replicate by replicate
    point: Text | None = None  # of a sweep, as in `l2=0.001`; its best one where null
    over: Literal["min", "max", "share"] | None = None  # the replicates, in place of their mean
    each_at_least: float | None = None  # what a replicate must have to be counted in a share
    each_at_most: float | None = None
    explained: Text | None = None  # the known cause of a difference
    shown_by: Text | None = None  # the entry that shows it

    def __post_init__(self) -> None:
        bounds = self.at_least is not None or self.at_most is not None
        if (self.reported is not None) == bounds:
            raise ValueError("a figure has either reported, or at_least and at_most")
        if (self.reported is None) != (self.tolerance is None):
            raise ValueError("reported and tolerance go together")
        if (self.metric is None) == (self.crosses is None):
            raise ValueError("a figure has either a metric, or the two curves that it says cross")
        if self.crosses is not None and (len(self.crosses) != 2 or self.epoch or self.minus):
            raise ValueError("crosses has two curves, and neither epoch nor minus beside it")
        if self.minus is not None and self.minus_entry is not None:
            raise ValueError("a figure subtracts either minus or minus_entry")
        if (self.over == "share") != (self.each_at_least is not None or self.each_at_most is not None):
            raise ValueError("over: share, and each_at_least or each_at_most, go together")
        if self.shown_by is not None and self.explained is None:
            raise ValueError("shown_by goes with explained")
        for name in (*(self.crosses or ()), *((self.metric, self.minus) if self.epoch else ())):
            if name is not None and not is_curve(name):
                known = ", ".join(("train/loss", "val/loss", "train/accuracy", "val/accuracy", *TIMES))
                raise ValueError(
                    f"there is no curve of '{name}' over the epochs; {nearest(name, curves())}known: {known}"
                )


@dataclass(frozen=True, config=STRICT)
class NoiseEntry:
    """An evaluation under noise of networks that other entries train."""

    classifier: Text  # the entry whose network classifies
    denoisers: tuple[Text, ...]  # the entries whose networks denoise
    levels: Text  # as `deeplab noise --levels` takes them
    seeds: Repetitions  # draws of the noise at each level
    crossed: bool = False  # each training of the classifier with each of the denoisers, not with the one of its number


@dataclass(frozen=True, config=STRICT)
class StudyEntry:
    """One thing that a study measures: exactly one of `run`, `sweep` and `noise`."""

    run: tuple[Text, ...] | None = None  # overrides of a training
    sweep: tuple[Text, ...] | None = None  # overrides of a sweep
    noise: NoiseEntry | None = None
    # trainings of `run`, those of the study where null; of `noise` evaluations, each of other trainings, or one
    replicates: Repetitions | None = None
    figures: tuple[ReportedValue, ...] = ()
    about: Text | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.run, self.sweep, self.noise)) != 1:
            raise ValueError("an entry has exactly one of run, sweep and noise")
        if self.noise is not None and self.noise.crossed and (self.figures or (self.replicates or 1) < 2):
            raise ValueError("a crossed evaluation has replicates, at least 2, and no figures")
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

    def replicates_of(self, name: str) -> int:
        """How many runs of an entry are asked for; of a sweep its own overrides say it."""
        entry = self.entries[name]
        return entry.replicates or (self.replicates if entry.run is not None else 1)


_ADAPTER: TypeAdapter[StudyConfig] = TypeAdapter(StudyConfig)


def study_folders(folder: Path) -> list[Path]:
    """List the studies in a folder: itself where it is one, otherwise those right below it, or itself with none."""
    below = sorted(path.parent for path in folder.glob(f"*/{FILE}"))
    return below if below and not (folder / FILE).is_file() else [folder]


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
        _check_entry(study, name, entry, f"{path}: {name}")
    return study


def _check_entry(study: StudyConfig, name: str, entry: StudyEntry, where: str) -> None:
    """Refuse other entries that it names and that there are not."""
    others = [other for other in study.entries if other != name]
    for figure in entry.figures:
        for option, other in (("minus_entry", figure.minus_entry), ("shown_by", figure.shown_by)):
            if other is not None and other not in others:
                raise unknown_name("entry", other, others, f"{where}.{option}")
    if entry.noise is not None:
        read_levels(entry.noise.levels, f"{where}.levels")
        trained = [other for other, each in study.entries.items() if each.run is not None]
        for used in (entry.noise.classifier, *entry.noise.denoisers):
            if used not in trained:
                raise unknown_name("entry", used, trained, where)
