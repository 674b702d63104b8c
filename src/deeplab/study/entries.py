"""The entries of a study: what each asks for, and what is finished of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deeplab.choice import TEST
from deeplab.config.compose import ComposedConfig, Composer
from deeplab.errors import UserError, unknown_name
from deeplab.study.config import StudyConfig, StudyEntry
from deeplab.study.matching import configuration_hash
from deeplab.study.results import Result
from deeplab.study.verdicts import Chosen, Verdict, chosen_point, verdicts
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan, plan_sweep, replicate_seed


@dataclass(frozen=True)
class EntryResult:
    """An entry and its finished runs."""

    name: str
    entry: StudyEntry
    rows: tuple[Result, ...]  # finished runs of the configuration that it has now
    planned: int  # how many there are to be
    verdicts: tuple[Verdict, ...]
    chosen: Chosen | None = None  # of a sweep the best point, or None
    on_test: bool = False  # whether any of its trainings is validated on the test set


def measure(config: StudyConfig, lines: Sequence[Result]) -> list[EntryResult]:
    """Hold every entry against what is finished of it."""
    return [_measured(config, name, entry, lines) for name, entry in config.entries.items()]


def planned_runs(
    name: str, entry: StudyEntry, config: StudyConfig, overrides: Sequence[str] = ()
) -> list[ComposedConfig]:
    """Compose the configurations of an entry's replicates, whose seeds are those of a sweep's."""
    composer = Composer(None)
    assert entry.run is not None
    try:
        first = composer.compose([*entry.run, *overrides])
        seeds = [replicate_seed(first.config.seed, n) for n in range(entry.replicates or config.replicates)]
        return [composer.compose([*entry.run, f"seed={seed}", *overrides]) for seed in seeds]
    except UserError as error:
        raise UserError(f"Entry '{name}': {error}") from error


def planned_values(name: str, entry: StudyEntry, config: StudyConfig, plan: Plan | None) -> list[dict[str, Any]]:
    """List the configurations of an entry's trainings; none of an evaluation under noise.

    Args:
        name: of the entry.
        entry: what it asks for.
        config: of the study.
        plan: of the entry's sweep, or None where it is none.
    """
    if entry.run is not None:
        return [each.values for each in planned_runs(name, entry, config)]
    return [] if plan is None else [trial.values for trial in plan.trials]


def _measured(config: StudyConfig, name: str, entry: StudyEntry, lines: Sequence[Result]) -> EntryResult:
    """Find the rows of an entry whose configuration is still what the study asks for."""
    ours = [line for line in lines if line.entry == name]
    plan = None if entry.sweep is None else plan_sweep(list(entry.sweep), None)
    if plan is not None:
        _check_points(name, entry, plan)
    trained = planned_values(name, entry, config, plan)
    hashes = [configuration_hash(values) for values in trained] or [line.configuration for line in ours][-1:]
    rows = tuple(line for line in ours if line.configuration in hashes)
    chosen = None if plan is None else chosen_point(plan, rows)
    held = tuple(verdicts(name, entry, rows, "" if chosen is None else chosen.point))
    on_test = any(values["validation"]["kind"] == TEST for values in trained)
    return EntryResult(name, entry, rows, max(1, len(hashes)), held, chosen, on_test)


def check_points(config: StudyConfig) -> None:
    """Refuse figures of points that a sweep does not have, before anything is trained for them."""
    for name, entry in config.entries.items():
        if entry.sweep is not None and any(figure.point for figure in entry.figures):
            _check_points(name, entry, plan_sweep(list(entry.sweep), None))


def check_names(config: StudyConfig, only: Sequence[str]) -> None:
    """Refuse names that no entry has."""
    for name in only:
        if name not in config.entries:
            raise unknown_name("entry", name, config.entries, "--only")


def _check_points(name: str, entry: StudyEntry, plan: Plan) -> None:
    points = [point_name(settings) for settings in plan.points]
    for figure in entry.figures:
        if figure.point is not None and figure.point not in points:
            raise unknown_name("point", figure.point, points, f"entry '{name}'")
