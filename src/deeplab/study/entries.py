"""The entries of a study: what each asks for, and what is finished of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deeplab.choice import TEST
from deeplab.config.compose import ComposedConfig, Composer
from deeplab.config.identity import sha
from deeplab.errors import UserError, unknown_name
from deeplab.study.config import NoiseEntry, StudyConfig, StudyEntry
from deeplab.study.matching import configuration_hash
from deeplab.study.results import Result
from deeplab.study.verdicts import Chosen, Verdict, chosen_point, value_names, verdicts
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan, plan_sweep
from deeplab.sweep.replicates import replicate_seed


@dataclass(frozen=True)
class EntryResult:
    """An entry and its finished runs."""

    name: str
    entry: StudyEntry
    rows: tuple[Result, ...]  # finished runs of the configuration that it has now
    planned: int  # how many there are to be; with those that were added to what the study asks for
    verdicts: tuple[Verdict, ...]
    chosen: Chosen | None = None  # of a sweep the best point, or None
    on_test: bool = False  # whether any of its trainings is validated on the test set
    added: int = 0  # replicates beyond those that the study asks for
    configurations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)  # of trainings, by hash

    @property
    def replicates(self) -> int:
        """How many replicates are finished, of a sweep at every point that has any."""
        points = {row.point for row in self.rows}
        return min((sum(row.point == point for row in self.rows) for point in points), default=0)


def measure(config: StudyConfig, lines: Sequence[Result]) -> list[EntryResult]:
    """Hold every entry against what is finished of it."""
    found = [_finished(config, name, entry, lines) for name, entry in config.entries.items()]
    others = {each.name: (each.rows, each.chosen.point if each.chosen else "") for each in found}
    return [
        replace(each, verdicts=tuple(verdicts(each.name, each.entry, each.rows, others[each.name][1], others)))
        for each in found
    ]


def planned_runs(
    name: str, entry: StudyEntry, config: StudyConfig, overrides: Sequence[str] = (), replicates: int | None = None
) -> list[ComposedConfig]:
    """Compose the configurations of an entry's replicates, whose seeds are those of a sweep's.

    Args:
        name: of the entry.
        entry: a training.
        config: the study.
        overrides: more of them.
        replicates: how many; those that the study asks for where null.
    """
    composer = Composer(None)
    assert entry.run is not None
    try:
        first = composer.compose([*entry.run, *overrides])
        seeds = [replicate_seed(first.config.seed, n) for n in range(replicates or config.replicates_of(name))]
        return [composer.compose([*entry.run, f"seed={seed}", *overrides]) for seed in seeds]
    except UserError as error:
        raise UserError(f"Entry '{name}': {error}") from error


def planned_sweep(entry: StudyEntry, overrides: Sequence[str] = (), replicates: int | None = None) -> Plan:
    """Plan the sweep of an entry, with so many replicates of each point where it is not its own number."""
    own = entry.sweep or ()
    if replicates is not None:
        own = (*(text for text in own if not text.startswith("replicates=")), f"replicates={replicates}")
    return plan_sweep([*own, *overrides], None)


def noise_hashes(config: StudyConfig, entry: StudyEntry, replicates: int) -> list[str]:
    """Hash what the evaluations of an entry under noise are made of."""
    assert entry.noise is not None
    settings = [entry.noise.levels, entry.noise.seeds]
    used = {name for number in range(replicates) for name, _ in evaluated(entry.noise, number, replicates)}
    runs = {name: planned_runs(name, config.entries[name], config, replicates=replicates) for name in used}
    return [
        sha(
            [
                *settings,
                [configuration_hash(runs[name][n].values) for name, n in evaluated(entry.noise, number, replicates)],
            ]
        )[:16]
        for number in range(replicates)
    ]


def evaluated(noise: NoiseEntry, number: int, replicates: int) -> list[tuple[str, int]]:
    """Name the trainings of an evaluation by entry and replicate: of the classifier, then of those that denoise."""
    numbers = range(replicates) if noise.crossed else (number,)
    return [(noise.classifier, number), *((name, each) for name in noise.denoisers for each in numbers)]


def check_points(config: StudyConfig) -> None:
    """Refuse figures that a sweep cannot be held against, before anything is trained for them."""
    for name, entry in config.entries.items():
        if entry.sweep is not None:
            _check_points(name, entry, planned_sweep(entry))


def check_names(config: StudyConfig, only: Sequence[str]) -> None:
    """Refuse names that no entry has."""
    for name in only:
        if name not in config.entries:
            raise unknown_name("entry", name, config.entries, "--only")


def values_needed(config: StudyConfig, name: str) -> set[str]:
    """Name the values that figures take of an entry's runs: its own, and those of entries that subtract it."""
    return {
        value
        for other, entry in config.entries.items()
        for figure in entry.figures
        if name in (other, figure.minus_entry)
        for value in value_names(figure)
    }


def _finished(config: StudyConfig, name: str, entry: StudyEntry, lines: Sequence[Result]) -> EntryResult:
    """Find the rows of an entry whose configuration is still what the study asks for."""
    ours = [line for line in lines if line.entry == name]
    most = max((line.replicate + 1 for line in ours), default=0)  # some may have been added
    plan = None if entry.sweep is None else planned_sweep(entry)
    if plan is not None:
        _check_points(name, entry, plan)
        asked, planned = plan.replicates, plan.count
        grown = planned_sweep(entry, replicates=most) if most > asked else plan
        trained = [trial.values for trial in grown.trials]
    else:
        asked = planned = config.replicates_of(name)
        runs = [] if entry.run is None else planned_runs(name, entry, config, replicates=max(asked, most))
        trained = [run.values for run in runs]
    known = {configuration_hash(values): values for values in trained}
    hashes = known or noise_hashes(config, entry, max(asked, most))
    rows = tuple(line for line in ours if line.configuration in hashes)
    chosen = None if plan is None else chosen_point(plan, rows)
    on_test = any(values["validation"]["kind"] == TEST for values in trained)
    added = max(0, max((row.replicate + 1 for row in rows), default=0) - asked)
    return EntryResult(name, entry, rows, max(planned, len(rows)), (), chosen, on_test, added, known)


def _check_points(name: str, entry: StudyEntry, plan: Plan) -> None:
    if plan.sweep.folds > 1:
        raise UserError(
            f"entry '{name}': the trainings of validation=kfold share their examples, and a verdict takes them to be "
            "independent. Train one fold, validation.fold=1; or compare points with deeplab sweep."
        )
    points = [point_name(settings) for settings in plan.points]
    for figure in entry.figures:
        if figure.point is not None and figure.point not in points:
            raise unknown_name("point", figure.point, points, f"entry '{name}'")
