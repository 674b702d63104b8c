"""Whether what sweeps and a study say of their trainings is what these say themselves."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deeplab.errors import UserError
from deeplab.files import DAMAGE
from deeplab.report.sweep_tables import Line, Outcome, read_outcome, summed_up
from deeplab.study.matching import configuration_hash
from deeplab.study.results import FILE, Result, Results
from deeplab.study.values import scores_of
from deeplab.sweep.grid import point_name
from deeplab.tracking.find import TRAINED
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import BEST_POINT_TAG, BUDGET_TAG, DECISION_TAG, KIND_TAG, PARENT_TAG, SEARCH_TAG, TRIAL_TAG
from deeplab.workflows.trained_run import TrainedRun
from deeplab.workflows.verify.finding import Finding, held, scores_found
from deeplab.workflows.verify.verify import RunVerdict, Verification

# What depends on how far a sweep had come when it was ended, and on its margin.
OF_THE_CHOICE = ("best", "difference", "difference_interval", "corrected_interval", "verdict")


def with_results(done: Verification, store: Store, runs: Sequence[Run], study: Path | None) -> Verification:
    """Add what is found of sweeps and of a study to what was found of trainings.

    Args:
        done: that.
        store: where they are.
        runs: all that were to be verified.
        study: the folder with the files of the study, or None.

    Raises:
        UserError: the study's results cannot be read.
    """
    sweeps = [run for run in runs if run.tags.get(KIND_TAG) == "sweep" and SEARCH_TAG not in run.tags]
    verdicts = [RunVerdict(run, tuple(_sweep_found(store, run, runs))) for run in sweeps if run.status == "FINISHED"]
    seen = {verdict.run.id for verdict in (*done.verdicts, *verdicts)}
    return replace(
        done,
        verdicts=(*done.verdicts, *verdicts),
        passed_over=tuple(run for run in runs if run.id not in seen),
        study=() if study is None else tuple(_study_found(store, study, {run.id: run for run in runs})),
    )


def _sweep_found(store: Store, sweep: Run, runs: Sequence[Run]) -> Iterator[Finding]:
    trials = {run.id: run for run in runs if run.tags.get(PARENT_TAG) == sweep.id and run.status == "FINISHED"}
    try:
        stored = read_outcome(store, sweep, list(trials.values()))
        listed = [line["run"] for line in stored.trials]
        if gone := next((run_id for run_id in listed if run_id not in trials), None):
            yield Finding(
                "trials.csv", "unchecked", f"trial {gone[:8]} is not here, or not a finished one of the sweep"
            )
            return
        again = summed_up(store, sweep, [trials[run_id] for run_id in listed])
    except (UserError, *DAMAGE, AttributeError) as error:
        yield Finding("points.csv", "different", f"it cannot be read ({type(error).__name__}: {error})")
        return
    if again is None:
        yield Finding("points.csv", "unchecked", "the plan was not kept")
        return
    known = {trials[run_id].tags.get(TRIAL_TAG) for run_id in listed}
    odd = next((run.id[:8] for run in trials.values() if run.tags.get(TRIAL_TAG) not in known), None)
    yield held("trials of the sweep", odd is None, f"{odd} is finished, and not in trials.csv")
    yield _table_found("trials.csv", stored.trials, again.trials)
    is_open = {BUDGET_TAG, DECISION_TAG} & sweep.tags.keys()
    yield _table_found("points.csv", stored.points, again.points, OF_THE_CHOICE if is_open else ())
    yield from _best_found(sweep, stored)


def _table_found(what: str, stored: Sequence[Line], again: Sequence[Line], left_out: Collection[str] = ()) -> Finding:
    """Hold a table against another in those columns that both have."""
    if len(stored) != len(again):
        return Finding(what, "different", f"it has {len(stored)} lines, and the trials give {len(again)}")
    for number, (one, other) in enumerate(zip(stored, again, strict=True), 1):
        for column in sorted((one.keys() & other.keys()).difference(left_out)):
            if not _is_alike(one[column], other[column]):
                detail = f"{column} is {one[column] or 'empty'} in line {number}, the trials give {other[column]}"
                return Finding(what, "different", detail)
    return Finding(what, "identical")


def _is_alike(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False


def _best_found(sweep: Run, stored: Outcome) -> Iterator[Finding]:
    if stored.best is None:
        return
    line = stored.points[stored.best]
    named = point_name({key: line[key] for key in stored.keys})
    tag = sweep.tags.get(BEST_POINT_TAG, "")
    yield held("best point", not named or tag == named, f"the run says {tag}, points.csv {named}")
    own = {name.removeprefix("best/"): value for name, value in sweep.metrics.items() if name.startswith("best/")}
    yield scores_found("scores of the best point", own, {name: _number(line, f"{name} mean") for name in own}, 1e-9)


def _number(line: Mapping[str, str], column: str) -> float:
    try:
        return float(line.get(column) or "nan")
    except ValueError:
        return math.nan


def _study_found(store: Store, folder: Path, runs: Mapping[str, Run]) -> Iterator[Finding]:
    """Hold each line of the results against its run; lines of evaluations under noise are left aside."""
    rows = [row for row in Results(folder).rows if not all("@" in name for name in row.scores)]
    findings = [_row_found(store, row, runs.get(row.run)) for row in rows]
    odd = [finding for finding in findings if finding.outcome != "identical"]
    yield from odd or [Finding(f"{FILE}, {len(rows)} lines", "identical")]


def _row_found(store: Store, row: Result, run: Run | None) -> Finding:
    what = f"{FILE}: {row.entry} {row.point} #{row.replicate + 1}"
    if run is None or run.status != "FINISHED" or run.tags.get(KIND_TAG) not in TRAINED:
        return Finding(what, "different", f"there is no finished training {row.run[:8]}")
    try:
        configuration = configuration_hash(TrainedRun(run, store).composed().values)
    except UserError as error:
        return Finding(what, "different", str(error))
    if configuration != row.configuration:
        return Finding(what, "different", f"run {run.id[:8]} has another configuration")
    again = scores_of(store, run, row.scores)
    return scores_found(what, row.scores, {name: again[name] for name in row.scores if name in again}, 0)
