"""Sweeps whose points are trained with one fold after the other."""

import csv
import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.sweep.pretended import pretend

from deeplab.config.compose import compose
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.data.hold_out import hold_out
from deeplab.data.load import load
from deeplab.errors import Interrupted, UserError
from deeplab.report.sweep_report import conclusion, points
from deeplab.report.sweep_tables import outcome_of
from deeplab.sweep import run
from deeplab.sweep.check import checked_plan
from deeplab.sweep.grid import Axis
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import apply_checks, plan_sweep
from deeplab.sweep.replicates import replicate_seed
from deeplab.sweep.results.summary import Summary, TrialScores, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.store import Store, open_store
from deeplab.training.cache import TrainingCache
from deeplab.workflows.check import PointCheck

FOLDS = ("model=mlp_64_64", "dataset.limit=60", "validation=kfold", "validation.folds=3")


def test_a_point_is_trained_with_each_fold_of_each_replicate_on_the_same_rows_as_any_other() -> None:
    plan = plan_sweep([*FOLDS, "l2=1e-6,1e-3", "replicates=2", "seed=7"], None)
    assert plan.size == "2 points x 3 folds x 2 replicates = 12 trials"
    first, second = plan.trials[:6], plan.trials[6:]
    places = [(trial.values["seed"], trial.values["validation"]["fold"]) for trial in first]
    assert places == [(seed, fold) for seed in (7, replicate_seed(7, 1)) for fold in (1, 2, 3)]
    assert [plan.trial_name(trial) for trial in (first[0], second[4])] == ["l2=1e-06 #1 fold 1", "l2=0.001 #2 fold 2"]
    data = load(validate(ExperimentConfig, first[0].values).dataset, Path())
    for one, other in zip(first, second, strict=True):
        held = []
        for trial in (one, other):
            config = validate(ExperimentConfig, trial.values)
            train, validation = hold_out(data, config.validation, config.seed)
            assert validation is not None
            held.append((train.rows.tobytes(), validation.rows.tobytes()))
        assert held[0] == held[1]
    checked = apply_checks(plan, [PointCheck("keras", 10, "fingerprint")] * 2)
    assert len({trial.identity for trial in checked.trials}) == 12
    assert json.loads(checked.frozen())["trials"][4]["values"]["validation"]["fold"] == 2


def test_one_replicate_has_no_number_and_one_fold_is_a_training_like_any() -> None:
    plan = plan_sweep([*FOLDS, "l2=1e-6,1e-3"], None)
    assert plan.trial_name(plan.trials[5]) == "l2=0.001 fold 3"
    single = plan_sweep([*FOLDS, "validation.fold=2", "l2=1e-6,1e-3"], None)
    assert (single.count, single.sweep.folds, single.trial_name(single.trials[0])) == (2, 1, "l2=1e-06")
    assert plan_sweep([*FOLDS], None).count == 3  # without an axis: how good one configuration is


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["validation=kfold", "validation.folds=2,3"], "validation.folds must be the same at every point"),
        (["validation=kfold,random"], "validation.folds must be the same at every point"),
        (["validation.folds=5000", "seed=1,2,3"], "3 points x 5000 folds x 1 replicate = 15,000 trials. If they are"),
        (["validation.folds=1"], "validation.folds: must be greater than or equal to 2, got 1."),
        (["validation.fold=4"], "validation: fold must be from 1 to 3, the number of folds, got 4."),
        (["validation.fraction=0.2"], "Unknown key 'fraction' in validation"),
    ],
)
def test_folds_that_make_no_sweep_are_refused(overrides: list[str], message: str) -> None:
    given = FOLDS[:2] if overrides[0].startswith("validation=") else FOLDS
    with pytest.raises(UserError) as caught:
        plan_sweep([*given, *overrides], None)
    assert message in str(caught.value)


@pytest.mark.slow
@pytest.mark.long
def test_more_folds_than_the_smallest_class_has_rows_are_found_before_anything_is_trained() -> None:
    with pytest.raises(UserError, match="validation.folds=40 is more than the . training rows of class"):
        checked_plan(plan_sweep([*FOLDS, "validation.folds=40"], None))


def test_a_training_without_a_fold_is_refused_in_a_line_and_leaves_nothing(
    folder: Path, cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    done = cli("train", *FOLDS)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "validation.fold=1 takes the first of 3, deeplab sweep trains with each" in done.err
    assert runs() == []


def summed_up() -> Summary:
    scores = [[0.90, 0.91, 0.95, 0.89, 0.93, 0.92], [0.88, 0.90, 0.92, 0.88, 0.92, 0.89]]
    trials = [
        TrialScores(point, number, f"run-{point}-{number}", {"val/accuracy": score}, 1.0)
        for point, of_point in enumerate(scores)
        for number, score in enumerate(of_point)
    ]
    return summarise([{"l2": "0.1"}, {"l2": "0.2"}], trials, "val/accuracy", 6, folds=3)


def test_means_and_differences_in_pairs_have_the_interval_of_nadeau_and_bengio() -> None:
    summary = summed_up()
    assert summary.best == 0
    scores, difference = summary.points[0].statistics["val/accuracy"], summary.points[1].difference
    assert difference is not None
    wider = 2.570582 * np.sqrt(1 / 6 + 1 / 2)  # t with five degrees of freedom
    assert scores.interval == pytest.approx(wider * np.std([0.90, 0.91, 0.95, 0.89, 0.93, 0.92], ddof=1), rel=1e-6)
    pairs = [-0.02, -0.01, -0.03, -0.01, -0.01, -0.03]
    assert difference.interval == pytest.approx(wider * np.std(pairs, ddof=1), rel=1e-6)


def test_tables_and_sentences_say_folds() -> None:
    axes, summary = (Axis("l2", ("0.1", "0.2")),), summed_up()
    rows = list(csv.DictReader(io.StringIO(trials_table(axes, summary))))
    assert [(row["replicate"], row["fold"]) for row in rows[:6]] == [(r, f) for r in "12" for f in "123"]
    assert next(csv.DictReader(io.StringIO(points_table(axes, summary))))["n"] == "6"
    outcome = outcome_of(axes, summary)
    table, method = points(outcome)
    assert "same seeds and folds" in method.text
    assert table.rows[0][1] == "3 folds × 2 repeats"
    said = [part.text for part in conclusion(outcome, False, 0, None)]
    assert "(95 % interval, n = 3 folds × 2 repeats)" in said[0]
    assert said[1] == "Against the best, of 1 other point: 1 undecided."
    assert said[2].endswith("(2003): the variance of a mean is taken as s² (1/n + 1/2).")


class InThisProcess(SweepObserver):
    """A launcher that trains in this process, or only pretends to, until Ctrl-C is pressed after a few trials."""

    capacity = 1

    def __init__(self, most: int, store: Store | None) -> None:
        self._most, self.trained, self._cache = most, list[str](), TrainingCache()
        self._store = store  # to pretend in
        self._events: list[TrialEvent] = []

    def submit(self, job: TrialJob) -> None:
        if len(self.trained) == self._most:
            raise KeyboardInterrupt
        self.trained.append(job.name)
        if self._store is not None:
            self._events.append(pretend(self._store, job))
            return
        from deeplab.sweep.trial import run_trial

        run_trial(job, self._events.append, cache=self._cache)

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        events, self._events = self._events, []
        return events

    def answer(self, answer: ContinueReply) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("is_trained", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_sweep_that_goes_on_after_its_half_has_the_results_of_an_undisturbed_one(
    folder: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch, is_trained: bool
) -> None:
    words = [*FOLDS, "l2=1e-6,1e-1", "training.epochs=1", "tracking.plots=none", "tracking.save_model=none"]
    plan = apply_checks(plan_sweep([*words, "training.engine=keras"], None), [PointCheck("keras", 1, "0")] * 2)

    def swept(most: int) -> tuple[list[str], Any]:
        launcher = InThisProcess(most, None if is_trained else open_store(compose([]).config.tracking))
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        return launcher.trained, run.run_sweep(plan, launcher).summary

    with pytest.raises(Interrupted, match="3 of 6 trials"):
        swept(3)
    trained, summary = swept(6)
    assert trained == [f"l2=0.1 fold {fold}" for fold in (1, 2, 3)]
    (folder / "other").mkdir()
    shutil.copyfile(empty_database, folder / "other" / "mlflow.db")
    monkeypatch.chdir(folder / "other")
    trained, undisturbed = swept(6)
    assert len(trained) == 6
    for one, other in zip(summary.points, undisturbed.points, strict=True):
        assert [trial.scores for trial in one.trials] == [trial.scores for trial in other.trials]
        assert one.statistics == other.statistics
        assert all(0 <= trial.scores["test/accuracy"] <= 1 for trial in one.trials)
