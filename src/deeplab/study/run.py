"""Carry out a study: train what is missing, go on with what was cut off, and keep a line of each finished run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.config.compose import ComposedConfig
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import RunError, UserError
from deeplab.study.config import StudyConfig, StudyEntry
from deeplab.study.entries import noise_hashes, planned_runs, planned_sweep, values_needed
from deeplab.study.matching import configuration_hash, result_of, result_row, runs_with_configuration
from deeplab.study.noise_rates import evaluated, rate_scores
from deeplab.study.results import FILE, Result, ResultKey, Results
from deeplab.sweep.check import checked_plan
from deeplab.sweep.grid import point_name
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import Plan
from deeplab.sweep.run import run_sweep
from deeplab.sweep.source import AnyPlan
from deeplab.tracking.find import all_runs, run_by_id
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG
from deeplab.workflows.noise.evaluate import NoiseObserver, NoiseSettings, noise_curve
from deeplab.workflows.noise.levels import read_levels
from deeplab.workflows.resume import find_resume_point
from deeplab.workflows.train import RunObserver, train


class StudyObserver:
    """Told how a study goes, and asked who is to be told of its trainings."""

    def entry_began(self, name: str, missing: int, planned: int) -> None:
        """Take note that an entry lacks so many of its runs."""

    def adopted(self, result: Result) -> None:
        """Take note that a run of the store is taken into the results."""

    def replicate_added(self, entry: str, replicates: int, why: str) -> None:
        """Take note that an entry is to have so many replicates, and why."""

    def deciding_ended(self, why: str) -> None:
        """Take note that no more replicates are added, and why."""

    def training(self) -> RunObserver:
        """Return who is told of the next training."""
        return RunObserver()

    def sweep(self) -> SweepObserver:
        """Return who is told of the next sweep."""
        return SweepObserver()

    def evaluation(self) -> NoiseObserver:
        """Return who is told of the next evaluation."""
        return NoiseObserver()


@dataclass
class Study:
    """A study that is being carried out."""

    config: StudyConfig
    folder: Path
    overrides: Sequence[str]  # of the place where runs are kept
    store: Store  # that place
    observer: StudyObserver
    results: Results
    failed: dict[str, str]  # why runs failed, by entry


def run_study(study: Study, only: Sequence[str]) -> None:
    """Do what is missing.

    Args:
        study: whose entries.
        only: names of entries; all of them where empty.

    Raises:
        UserError: an entry's configuration is wrong.
        Interrupted: it was ended from outside; what was finished is kept.
        RunError: a run failed; the others were done.
    """
    for name, entry in study.config.entries.items():
        if only and name not in only:
            continue
        carry_out(study, name, entry)
    raise_failed(study)


def carry_out(study: Study, name: str, entry: StudyEntry, replicates: int | None = None) -> None:
    """Do what is missing of an entry with so many replicates, those that it asks for where null."""
    study.results.read()
    if entry.run is not None:
        _train_runs(study, name, entry, replicates)
    elif entry.sweep is not None:
        _sweep(study, name, planned_sweep(entry, study.overrides, replicates), is_grown=replicates is not None)
    else:
        _evaluate(study, name, entry, replicates or study.config.replicates_of(name))


def raise_failed(study: Study) -> None:
    """Raise a RunError where runs of a study failed."""
    if study.failed:
        name, why = next(iter(study.failed.items()))
        raise RunError(f"{len(study.failed)} of the study's runs failed, the first of entry '{name}': {why}")


def _train_runs(study: Study, name: str, entry: StudyEntry, replicates: int | None) -> None:
    planned = planned_runs(name, entry, study.config, study.overrides, replicates)
    keys = [ResultKey(name, "", number, configuration_hash(each.values)) for number, each in enumerate(planned)]
    missing = [(key, each) for key, each in zip(keys, planned, strict=True) if study.results.find(key) is None]
    study.observer.entry_began(name, len(missing), len(planned))
    for key, composed in missing:
        run = _finished(all_runs(study.store), composed.values)
        if run is None:
            try:
                run_id = _trained(study, composed)
            except RunError as error:
                study.failed[name] = str(error)
                continue
            study.results.add(_result(study, study.store.get_run(run_id), key))
        else:
            result = _result(study, run, key)
            study.results.add(result)
            study.observer.adopted(result)


def _result(study: Study, run: Run, key: ResultKey) -> Result:
    return result_of(study.store, run, key, values_needed(study.config, key.entry))


def _finished(runs: Sequence[Run], values: Mapping[str, object]) -> Run | None:
    return next((run for run in runs_with_configuration(runs, values) if run.status == "FINISHED"), None)


def _trained(study: Study, composed: ComposedConfig) -> str:
    """Train a configuration, or go on with a run of it that was cut off, where it left enough."""
    observer = study.observer.training()
    for run in runs_with_configuration(all_runs(study.store), composed.values):
        if run.status in ("KILLED", "RUNNING") and run.tags.get(KIND_TAG) == "train":
            try:
                resume_point = find_resume_point(run.id, list(study.overrides), None)
            except UserError:
                if run.is_alive:
                    raise
                continue  # it left nothing that can be gone on with
            return train(resume_point.composed, [observer], resume_point).run_id
    return train(composed, [observer]).run_id


def _sweep(study: Study, name: str, plan: Plan, is_grown: bool) -> None:
    missing = _missing_trials(study, name, plan)
    study.observer.entry_began(name, len(missing), plan.count)
    runs = all_runs(study.store) if missing else []
    for number in missing:
        if run := _finished(runs, plan.trials[number].values):
            _keep_trial(study, name, plan, number, run.id)
    if not (missing := _missing_trials(study, name, plan)):
        return
    if is_grown:  # the sweep has been carried out; with more replicates it would be another one, from the beginning
        _train_trials(study, name, plan, missing)
        return
    result = run_sweep(checked_plan(plan), _ResultRecorder(study, name, plan))
    for trial in (trial for point in result.summary.points for trial in point.trials):
        # Those of an earlier start, of which nothing was told.
        _keep_trial(study, name, plan, trial.point * plan.replicates + trial.replicate, trial.run_id)
    if result.failed:
        study.failed[name] = next(iter(result.failed.values()))


def _train_trials(study: Study, name: str, plan: Plan, numbers: Sequence[int]) -> None:
    """Train some trials of a plan one after the other, each as a run of its own."""
    for number in numbers:
        values = plan.trials[number].values
        try:
            run_id = _trained(study, ComposedConfig(validate(ExperimentConfig, values), values, plan.overrides))
        except RunError as error:
            study.failed[name] = str(error)
            return
        _keep_trial(study, name, plan, number, run_id)


def _missing_trials(study: Study, name: str, plan: Plan) -> list[int]:
    numbers = range(len(plan.trials))
    return [number for number in numbers if study.results.find(_trial_key(name, plan, number)) is None]


def _trial_key(name: str, plan: Plan, number: int) -> ResultKey:
    trial = plan.trials[number]
    return ResultKey(name, point_name(plan.points[trial.point]), trial.replicate, configuration_hash(trial.values))


def _keep_trial(study: Study, name: str, plan: Plan, number: int, run_id: str) -> None:
    study.results.add(_result(study, study.store.get_run(run_id), _trial_key(name, plan, number)))


class _ResultRecorder(SweepObserver):
    """Takes each trial into the results as it finishes, and hands on what it is told."""

    def __init__(self, study: Study, name: str, plan: Plan) -> None:
        self._study, self._name, self._plan = study, name, plan
        self._shown = study.observer.sweep()

    def sweep_began(self, plan: AnyPlan, run_id: str, finished: int, capacity: int) -> None:
        self._shown.sweep_began(plan, run_id, finished, capacity)

    def trial_submitted(self, number: int, name: str) -> None:
        self._shown.trial_submitted(number, name)

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        if event.kind == "finished":
            _keep_trial(self._study, self._name, self._plan, event.number, event.run_id)
        self._shown.trial_changed(event, will_retry)

    def waited(self) -> None:
        self._shown.waited()

    def told(self, lines: Sequence[str]) -> None:
        self._shown.told(lines)


def _evaluate(study: Study, name: str, entry: StudyEntry, replicates: int) -> None:
    hashes = noise_hashes(study.config, entry, replicates)
    keys = [ResultKey(name, "", number, configuration) for number, configuration in enumerate(hashes)]
    missing = [key for key in keys if study.results.find(key) is None]
    study.observer.entry_began(name, len(missing), len(keys))
    for key in missing:
        _evaluate_replicate(study, entry, key, replicates)


def _evaluate_replicate(study: Study, entry: StudyEntry, key: ResultKey, replicates: int) -> None:
    asked = entry.noise
    assert asked is not None
    used = evaluated(asked, key.replicate, replicates)
    classifier, *denoisers = [_network(study, other, number, key.entry) for other, number in used]
    if key.entry in study.failed:
        return
    settings = NoiseSettings(classifier, tuple(denoisers), None, read_levels(asked.levels), asked.seeds)
    noise = noise_curve(settings, study.store, study.observer.evaluation())
    # By the names of entries, which stay what they are when runs are called otherwise.
    scores = rate_scores(noise, used[1:], asked.crossed)
    run = study.store.get_run(noise.run_id)
    seconds = ((run.ended_ms or run.started_ms) - run.started_ms) / 1000
    study.results.add(result_row(study.store, run, key, scores, seconds))


def _network(study: Study, name: str, number: int, evaluation: str) -> str:
    """Find the run of an entry's replicate in the store; where there is none, that an evaluation failed is noted."""
    planned = planned_runs(name, study.config.entries[name], study.config, study.overrides, number + 1)[-1]
    row = study.results.find(ResultKey(name, "", number, configuration_hash(planned.values)))
    if row is not None:
        run = run_by_id(study.store, row.run) or _finished(all_runs(study.store), planned.values)
        if run is not None:
            return run.id
        why = f"run {row.run[:8]} of entry '{name}' is in another store; without its line in {FILE} it is trained here"
        study.failed[evaluation] = why
    else:
        which = f"replicate {number + 1}" if number else "finished run"
        study.failed[evaluation] = f"entry '{name}' has no {which} yet"
    return ""
