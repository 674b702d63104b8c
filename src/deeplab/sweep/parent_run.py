"""What a sweep is in the store: a parent run that holds the plan, and a child run for each trial."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from deeplab.errors import UserError
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan, Trial
from deeplab.sweep.source import AnyPlan
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import all_runs
from deeplab.tracking.params import flatten
from deeplab.tracking.provenance import git_tags
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    AXIS_TAGS,
    FOLDS_TAG,
    KIND_TAG,
    PARENT_TAG,
    POINT_TAG,
    POINTS_TAG,
    REPLICATE_TAG,
    REPLICATES_TAG,
    SWEEP_KEY_TAG,
    SWEEP_TAG,
    TRIAL_TAG,
    TRIALS_TAG,
)
from deeplab.workflows.artifacts import code_files, code_tags, override_lines
from deeplab.workflows.run_tags import config_dir_tags

PLAN_FILE = "plan.json"


def begin_sweep(store: Store, plan: Plan) -> RunLog:
    """Create the parent run with its frozen plan."""
    axes = {axis.key: ", ".join(axis.values) for axis in plan.axes}
    tags = {POINTS_TAG: str(len(plan.points)), TRIALS_TAG: str(len(plan.trials))}
    return begin_parent(store, plan, axes, tags, {PLAN_FILE: plan.frozen()})


def begin_parent(
    store: Store,
    plan: AnyPlan,
    axes: Mapping[str, str],
    tags: Mapping[str, str],
    files: Mapping[str, str] = MappingProxyType({}),
) -> RunLog:
    """Create the run of a sweep or a search.

    Args:
        axes: what each key is given, in words; they become params.
        tags: of this kind of sweep.
        files: besides its overrides.
    """
    common = {KIND_TAG: "sweep", SWEEP_KEY_TAG: plan.key, REPLICATES_TAG: str(plan.replicates)}
    if plan.sweep.folds > 1:
        common[FOLDS_TAG] = str(plan.sweep.folds)
    files = {**files, "overrides.txt": override_lines(plan.overrides), **code_files()}
    common |= code_tags() | config_dir_tags(plan.sweep.run)
    return RunLog.begin(
        store, plan.name, {**axes, **plan.sweep.settings}, {**git_tags(), **common, **tags}, None, files
    )


def find_sweep(store: Store, key: str) -> Run | None:
    """The newest sweep that the same command made, or None."""
    return next(iter(find_sweeps(store, key)), None)


def find_sweeps(store: Store, key: str) -> list[Run]:
    """All sweeps that the same command made, the newest first."""
    return all_runs(store, (SWEEP_KEY_TAG, key))


def check_unchanged(store: Store, run: Run, plan: Plan) -> None:
    """Refuse to go on with a sweep whose plan has become another."""
    content = read_artifact(store, run, PLAN_FILE)
    if content is None:
        raise UserError(f"The sweep {run.label} ended before its plan was stored. To begin anew: --fresh.")
    frozen = json.loads(content)
    if [trial["identity"] for trial in frozen["trials"]] == [trial.identity for trial in plan.trials]:
        return
    raise UserError(
        f"The plan of the sweep {run.label} has changed since it began: {_difference(frozen, plan)}. "
        "Put it back to go on, or begin anew: --fresh."
    )


def children(store: Store, parent_id: str, only: Sequence[str] = ()) -> dict[str, Run]:
    """The runs of a sweep by the identity of their trial; a finished one before any other. `only` as in `all_runs`."""
    runs: dict[str, Run] = {}
    for run in reversed(all_runs(store, (PARENT_TAG, parent_id), only)):
        identity = run.tags.get(TRIAL_TAG, "")
        if identity not in runs or runs[identity].status != "FINISHED":
            runs[identity] = run
    return runs


def trial_tags(settings: Mapping[str, str], trial: Trial, parent_id: str) -> dict[str, str]:
    """What makes a trial findable by its tags alone."""
    return {
        **{f"{AXIS_TAGS}{key}": value for key, value in settings.items()},
        TRIAL_TAG: trial.identity,
        SWEEP_TAG: parent_id,
        POINT_TAG: str(trial.point),
        REPLICATE_TAG: str(trial.replicate),
    }


def _difference(frozen: Mapping[str, Any], plan: Plan) -> str:
    """The first few things in which two plans differ, in words."""
    now = json.loads(plan.frozen())
    before, after = ({_place(each["points"], trial): trial for trial in each["trials"]} for each in (frozen, now))
    differences = [f"'{place}' is gone" for place in before if place not in after]
    differences += [f"'{place}' is new" for place in after if place not in before]
    changes: dict[str, int] = {}
    for place in before.keys() & after.keys():
        if before[place]["identity"] == after[place]["identity"]:
            continue
        lines = changed_keys(before[place]["values"], after[place]["values"])
        for line in lines or ["the data set or the engine is another"]:
            changes[line] = changes.get(line, 0) + 1
    return first_few([*differences, *(f"{line} (in {count} trials)" for line, count in changes.items())])


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two configurations, a line for each key."""
    old, new = flatten(before), flatten(after)
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    return [f"{key} was {old.get(key, 'missing')}, is {new.get(key, 'missing')}" for key in keys]


def first_few(differences: Sequence[str]) -> str:
    """Five differences, and how many more there are."""
    more = len(differences) - 5
    return "; ".join(differences[:5]) + (f"; and {more} more differences" if more > 0 else "")


def _place(points: Sequence[Mapping[str, str]], trial: Mapping[str, Any]) -> str:
    return f"{point_name(points[trial['point']])} #{trial['replicate'] + 1}".strip()
