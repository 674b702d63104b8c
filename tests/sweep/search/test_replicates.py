"""Searches whose points have several replicates: real studies and stores, a launcher that only pretends to train."""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import optuna
import pytest
from tests.sweep.pretended import AtOnce
from tests.sweep.search.conftest import study_in

from deeplab.cli.terminal.search_result import show_search
from deeplab.config.compose import compose
from deeplab.errors import Interrupted, UserError
from deeplab.sweep import run
from deeplab.sweep.budget import Budget
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.replicates import replicate_seed
from deeplab.sweep.search.choose import run_search
from deeplab.sweep.search.plan import SearchPlan, plan_search
from deeplab.sweep.search.source import MOST_AT_ONCE
from deeplab.sweep.status import find_sweep_run, sweep_status
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

pytestmark = pytest.mark.slow

TINY = ("model=mlp_64_64", "dataset.limit=60", "training.epochs=2", "tracking.plots=none", "training.threads=1")
L2 = "l2=interval(1e-6,1e-2)"
Trains = Callable[[TrialJob], float | str]


class Pretended(AtOnce):
    """A launcher whose trials end at once: with a score, or with how they end without one. And what is told of them."""

    def __init__(self, store: Store, trains: Trains, capacity: int) -> None:
        super().__init__(store, capacity)
        self._trains = trains
        self.jobs: list[TrialJob] = []
        self.told: list[TrialEvent] = []
        self.most = 0
        self._logs: dict[int, tuple[TrialJob, RunLog]] = {}

    def submit(self, job: TrialJob) -> None:
        tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
        log = RunLog.begin(self._store, job.name, job.values, tags, None, {})
        self.jobs.append(job)
        self._logs[job.number] = job, log
        self.most = max(self.most, len(self._logs))
        if job.asks:
            self._epoch(job, 1)
        else:
            self._end(job.number)

    def answer(self, answer: ContinueReply) -> None:
        job, log = self._logs[answer.number]
        if not answer.go_on:
            log.set_tag("deeplab.pruned", "true")
            log.end("KILLED")
            del self._logs[answer.number]
            self._events.append(TrialEvent(answer.number, "pruned"))
        elif answer.epoch == 1:
            self._epoch(job, 2)
        else:
            self._end(answer.number)

    def sweep_began(self, plan: SearchPlan, run_id: str, finished: int, capacity: int) -> None:
        self.began = (plan.count, finished)

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        if event.ends_trial:
            self.told.append(event)

    def _epoch(self, job: TrialJob, epoch: int) -> None:
        metrics = {"val/accuracy": 0.1 * epoch}
        self._events.append(TrialEvent(job.number, "epoch", epoch=epoch, epochs=2, metrics=metrics))

    def _end(self, number: int) -> None:
        job, log = self._logs.pop(number)
        outcome = self._trains(job)
        if isinstance(outcome, str):
            log.end("FAILED", outcome)
            self._events.append(TrialEvent(number, "died" if outcome == "died" else "failed", outcome))
            return
        metrics = {"validation/accuracy": outcome, "time/training_seconds": 1.0}
        log.metrics(2, metrics)
        log.end("FINISHED")
        self._events.append(TrialEvent(number, "finished", run_id=log.run_id, metrics=metrics))


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(compose([]).config.tracking)


@pytest.fixture
def pretended(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    """Trains nothing in the searches that follow."""

    def made(trains: Trains, capacity: int = 2) -> Pretended:
        launcher = Pretended(store, trains, capacity)
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        return launcher

    return made


def searched(points: int, *overrides: str, kind: str = "random") -> SearchPlan:
    """A search as if its ends had been looked at."""
    return replace(
        plan_search([*TINY, *overrides], None, kind, Budget(trials=points)), checked=PointCheck("keras", 1, "0" * 64)
    )


def by_replicate(job: TrialJob) -> float:
    """A score that depends on the point and the replicate alone."""
    return float(job.values["l2"]) + 0.1 * int(job.tags["deeplab.replicate"])


def table_in(store: Store) -> list[dict[str, str]]:
    path = Path(find_sweep_run(store, "latest").artifact_uri.removeprefix("file://")) / "trials.csv"
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_study_is_told_the_mean_over_the_seeds_of_a_grid(
    folder: Path, store: Store, pretended: Callable[..., Pretended], capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = pretended(by_replicate)
    result = run_search(searched(3, L2, "replicates=3", "seed=7"), launcher)
    show_search(result)
    places = [(job.tags["deeplab.point"], job.tags["deeplab.replicate"]) for job in launcher.jobs]
    assert sorted(places) == [(point, replicate) for point in "012" for replicate in "012"]
    for point in "012":
        assert [replicate for other, replicate in places if other == point] == ["0", "1", "2"]
    assert {(job.tags["deeplab.replicate"], job.values["seed"]) for job in launcher.jobs} == {
        (str(replicate), replicate_seed(7, replicate)) for replicate in range(3)
    }
    assert {job.asks for job in launcher.jobs if job.tags["deeplab.replicate"] != "0"} == {False}
    names = {job.name for job in launcher.jobs if job.tags["deeplab.point"] == "0"}
    assert names == {f"l2={launcher.jobs[0].values['l2']} #{number}" for number in (1, 2, 3)}
    for trial in study_in(folder):
        l2 = float(trial.user_attrs["settings"]["l2"])
        assert trial.value == fmean([l2, l2 + 0.1, l2 + 0.2])
    row = table_in(store)[0]
    assert list(row)[2:] == [
        *("state", "val/accuracy", "n", "val/accuracy deviation", "val/accuracy interval", "val/accuracy minimum"),
        *("val/accuracy maximum", "epochs", "run"),
    ]
    assert (row["state"], row["n"], float(row["val/accuracy deviation"])) == ("COMPLETE", "3", pytest.approx(0.1))
    best = store.get_run(row["run"])
    assert best.metrics["validation/accuracy"] == float(row["val/accuracy maximum"])
    out = capsys.readouterr().out
    assert "(mean of 3, standard deviation 0.1000) with l2=" in out
    assert "replicates" not in out.partition("deeplab train")[2]
    tags = find_sweep_run(store, "latest").tags
    assert (tags["deeplab.trials"], tags["deeplab.replicates"]) == ("3", "3")
    status = sweep_status(store, find_sweep_run(store, "latest"))
    assert (launcher.began, status.trials, status.counts, status.left) == ((9, 0), 9, {"FINISHED": 9}, 0)


def test_a_point_is_pruned_by_its_first_replicate_before_the_others_begin(
    folder: Path, store: Store, pretended: Callable[..., Pretended], monkeypatch: pytest.MonkeyPatch
) -> None:
    class OfSecond(optuna.pruners.BasePruner):
        def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
            return trial.number == 1

    monkeypatch.setattr("deeplab.sweep.search.optuna_study.MedianPruner", lambda *_: OfSecond())
    launcher = pretended(by_replicate)
    run_search(searched(3, L2, "replicates=3"), launcher)
    assert [trial.state.name for trial in study_in(folder)] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert [job.tags["deeplab.replicate"] for job in launcher.jobs if job.tags["deeplab.point"] == "1"] == ["0"]
    assert [(event.number, event.skips) for event in launcher.told if event.kind == "pruned"] == [(3, 2)]
    row = table_in(store)[1]
    assert (row["state"], row["n"], row["val/accuracy"], row["epochs"]) == ("PRUNED", "0", "0.1", "1")
    status = sweep_status(store, find_sweep_run(store, "latest"))
    assert (status.counts, status.left) == ({"FINISHED": 6, "PRUNED": 1}, 0)


@pytest.mark.parametrize(("failing", "count"), [("0", 0), ("1", 1)])
def test_a_point_fails_with_a_replicate_and_keeps_what_is_finished(
    folder: Path, store: Store, pretended: Callable[..., Pretended], failing: str, count: int
) -> None:
    def trains(job: TrialJob) -> float | str:
        place = job.tags["deeplab.point"], job.tags["deeplab.replicate"]
        return "The loss became NaN." if place == ("0", failing) else by_replicate(job)

    launcher = pretended(trains, capacity=1)
    result = run_search(searched(2, L2, "replicates=3"), launcher)
    assert [trial.state.name for trial in study_in(folder)] == ["FAIL", "COMPLETE"]
    assert len([job for job in launcher.jobs if job.tags["deeplab.point"] == "0"]) == count + 1
    assert list(result.failed) == [f"{launcher.jobs[0].name[:-1]}{int(failing) + 1}"]
    assert sum(1 + event.skips for event in launcher.told) == 6
    row = table_in(store)[0]
    assert (row["state"], row["n"], row["val/accuracy"]) == (
        "FAIL",
        str(count),
        str(by_replicate(launcher.jobs[0])) if count else "",
    )
    assert find_sweep_run(store, "latest").status == "FAILED"


def test_a_point_whose_score_is_no_number_fails_and_the_search_goes_on(
    folder: Path, store: Store, pretended: Callable[..., Pretended]
) -> None:
    def trains(job: TrialJob) -> float | str:
        return math.nan if job.tags["deeplab.point"] in ("0", "2") else by_replicate(job)

    launcher = pretended(trains, capacity=1)
    plan = searched(3, L2)
    result = run_search(plan, launcher)
    assert [trial.state.name for trial in study_in(folder)] == ["FAIL", "COMPLETE", "FAIL"]
    assert list(result.failed.values()) == ["val/accuracy is nan"] * 2
    assert [trial.number for trial in result.summary if trial.value is not None] == [1]
    launcher = pretended(by_replicate)  # the same command again
    assert [trial.state for trial in run_search(plan, launcher).summary].count("COMPLETE") == 3


def test_a_point_that_is_drawn_twice_is_trained_once(
    folder: Path, store: Store, pretended: Callable[..., Pretended]
) -> None:
    launcher = pretended(by_replicate)
    run_search(searched(6, "l2=0.1,0.2", "replicates=2", "seed=1"), launcher)
    assert len(launcher.jobs) == 4
    assert len(study_in(folder)) == 6
    for trial in study_in(folder):
        assert trial.value == pytest.approx(float(trial.params["l2"]) + 0.05)
    assert sum(1 + event.skips for event in launcher.told) == 12
    assert sweep_status(store, find_sweep_run(store, "latest")).left == 0


def test_a_search_that_was_ended_trains_the_replicates_that_are_missing(
    folder: Path, store: Store, pretended: Callable[..., Pretended]
) -> None:
    one = searched(3, L2, "replicates=3")
    first = pretended(by_replicate, capacity=1)
    calm = first.trial_changed

    def impatient(event: TrialEvent, will_retry: bool) -> None:
        calm(event, will_retry)
        if len(first.told) == 5:  # the first point, and two replicates of the second
            raise KeyboardInterrupt

    first.trial_changed = impatient  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="Interrupted: 1 of 3 trials are finished or pruned, and kept"):
        run_search(one, first)
    assert [trial.state.name for trial in study_in(folder)] == ["COMPLETE", "RUNNING"]

    second = pretended(by_replicate, capacity=1)
    result = run_search(one, second)
    places = [(job.tags["deeplab.point"], job.tags["deeplab.replicate"]) for job in second.jobs]
    assert places == [("2", "2"), ("3", "0"), ("3", "1"), ("3", "2")]
    assert second.began == (9, 3)
    assert sum(1 + event.skips for event in second.told) == 6
    trials = study_in(folder)
    assert [trial.state.name for trial in trials] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert trials[1].params == trials[2].params
    assert trials[2].intermediate_values == trials[1].intermediate_values == {1: 0.1, 2: 0.2}
    l2 = float(trials[2].user_attrs["settings"]["l2"])
    assert trials[2].value == fmean([l2, l2 + 0.1, l2 + 0.2])
    assert [len(trial.scores) for trial in result.summary] == [3, 0, 3, 3]


def test_a_lost_worker_is_tried_again_and_what_it_had_finished_counts(
    folder: Path, store: Store, pretended: Callable[..., Pretended]
) -> None:
    attempts: list[int] = []

    def trains(job: TrialJob) -> float | str:
        attempts.append(job.number)
        return "died" if job.number == 1 else by_replicate(job)

    launcher = pretended(trains, capacity=1)
    result = run_search(searched(1, L2, "replicates=2", "launcher.retries=2"), launcher)
    assert attempts == [0, 1, 1, 1]
    assert list(result.failed.values()) == ["died, 3 times"]
    assert [trial.state.name for trial in study_in(folder)] == ["FAIL"]


def test_on_a_cluster_a_tpe_search_has_a_few_points_under_way(
    folder: Path, pretended: Callable[..., Pretended]
) -> None:
    for kind, launcher, most in (("tpe", "slurm", MOST_AT_ONCE), ("random", "slurm", 12), ("tpe", "local", 12)):
        trains = pretended(by_replicate, capacity=100)
        run_search(searched(12, L2, f"launcher={launcher}", kind=kind), trains, fresh=True)
        assert (trains.most, len(trains.jobs)) == (most, 12)


def test_another_number_of_replicates_is_another_search(folder: Path, pretended: Callable[..., Pretended]) -> None:
    pretended(by_replicate)
    run_search(searched(1, L2, "name=x"), SweepObserver())
    with pytest.raises(UserError, match="replicates was missing, is 2"):
        run_search(searched(1, L2, "name=x", "replicates=2"), SweepObserver())


def test_a_study_is_told_the_mean_over_folds(
    folder: Path, store: Store, pretended: Callable[..., Pretended], capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = pretended(by_replicate)
    search = searched(2, L2, "replicates=2", "validation=kfold", "validation.folds=3")
    assert search.size == "random search, 2 trials x 3 folds x 2 replicates over l2"
    show_search(run_search(search, launcher))
    first = [job for job in launcher.jobs if job.tags["deeplab.point"] == "0"]
    assert sorted((job.values["seed"], job.values["validation"]["fold"]) for job in first) == sorted(
        (replicate_seed(0, replicate), fold) for replicate in (0, 1) for fold in (1, 2, 3)
    )
    assert [job.name.partition(" ")[2] for job in first if job.asks] == ["#1 fold 1"]
    for trial in study_in(folder):
        assert trial.value == pytest.approx(float(trial.user_attrs["settings"]["l2"]) + 0.25)
    row = table_in(store)[0]
    # t with five degrees of freedom; the correction of Nadeau and Bengio for three folds
    wider = 2.570582 * (1 / 6 + 1 / 2) ** 0.5
    assert float(row["val/accuracy interval"]) == pytest.approx(wider * float(row["val/accuracy deviation"]), rel=1e-6)
    out = capsys.readouterr().out
    assert "(mean of 3 folds × 2 repeats, standard deviation" in out
    assert "validation.fold=1" in out.partition("deeplab train")[2]
