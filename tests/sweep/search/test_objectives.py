"""Searches that weigh several objectives: real studies and stores, a launcher that only pretends to train."""

import csv
import io
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Outcome
from tests.sweep.pretended import AtOnce

from deeplab.config.compose import compose
from deeplab.config.overrides import Interval
from deeplab.errors import Interrupted, UserError
from deeplab.report.sweep_tables import candidates_in
from deeplab.sweep import loop, run
from deeplab.sweep.budget import Budget
from deeplab.sweep.confirm import check_confirmable
from deeplab.sweep.grid import Axis
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.search.choose import run_search
from deeplab.sweep.search.importance import importance, importance_table
from deeplab.sweep.search.objectives import on_front
from deeplab.sweep.search.parent_run import SearchTrial, best_drawn
from deeplab.sweep.search.plan import SearchPlan, plan_search
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

SMALL = ("model=mlp", "dataset.limit=60", "training.epochs=2", "training.threads=1")
SPACE = ("l2=interval(1e-6,1e-2)", "model.units=interval(4,64)")
WEIGHED = "sweep.objectives=[val/accuracy,parameters]"


class Pretended(AtOnce):
    """A launcher whose trials end after two epochs at once; wide networks and little l2 score better."""

    def __init__(self, store: Store, most: int = -1) -> None:
        super().__init__(store, 1)
        self._left, self._jobs = most, dict[int, tuple[TrialJob, RunLog]]()
        self.trained: list[str] = []

    def submit(self, job: TrialJob) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        self.trained.append(job.name)
        tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
        tags["deeplab.parameters"] = str(75 * job.values["model"]["units"] + 10)
        log = RunLog.begin(self._store, job.name, job.values, tags, None, {})
        self._jobs[job.number] = job, log
        if job.asks:
            self._epoch(job.number, 1)
        else:
            self._end(job.number)

    def answer(self, answer: ContinueReply) -> None:
        assert answer.go_on  # several objectives prune nothing
        if answer.epoch == 1:
            self._epoch(answer.number, 2)
        else:
            self._end(answer.number)

    def _epoch(self, number: int, epoch: int) -> None:
        metrics = {"val/accuracy": 0.5 - 0.4 * (number % 2)}
        self._events.append(TrialEvent(number, "epoch", epoch=epoch, epochs=3, metrics=metrics))

    def _end(self, number: int) -> None:
        job, log = self._jobs.pop(number)
        score = 0.9 - job.values["l2"] + 1e-3 * job.values["model"]["units"] - 1e-4 * (job.values["seed"] % 2)
        metrics = {"validation/accuracy": score, "time/training_seconds": 1.5}
        log.metrics(2, metrics)
        log.end("FINISHED")
        self._events.append(TrialEvent(number, "finished", run_id=log.run_id, metrics=metrics))


@pytest.fixture
def pretended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    """Trains nothing in the searches that follow."""
    store = open_store(compose([]).config.tracking)

    def made(most: int = -1) -> Pretended:
        launcher = Pretended(store, most)
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        monkeypatch.setattr(loop, "INTERRUPT_SECONDS", 0.0)  # what it interrupts says nothing
        return launcher

    return made


def searched(*overrides: str, points: int = 12) -> SearchPlan:
    plan = plan_search([*SMALL, *SPACE, WEIGHED, *overrides], None, "tpe", Budget(trials=points))
    return replace(plan, checked=PointCheck("keras", 1, "0" * 64))


@pytest.mark.slow
def test_a_search_of_two_objectives_finds_its_front_and_the_report_says_so(
    folder: Path, pretended: Callable[..., Pretended], cli: Callable[..., Outcome]
) -> None:
    pretended()
    result = run_search(searched("name=weighed", "replicates=2"), SweepObserver())
    trials = result.summary
    assert [(trial.state, trial.epochs) for trial in trials] == [("COMPLETE", 2)] * 12
    for trial in trials:
        assert trial.objectives == (pytest.approx(trial.value), 75 * int(trial.settings["model.units"]) + 10)
        better = [
            other for other in trials if other.objectives[0] >= trial.objectives[0]
            and other.objectives[1] <= trial.objectives[1] and other.objectives != trial.objectives
        ]  # fmt: skip
        assert trial.on_front == (not better)
    front = [trial for trial in trials if trial.on_front]
    (stored,) = folder.glob("mlruns/*/artifacts/trials.csv")
    lines = list(csv.DictReader(io.StringIO(stored.read_text())))
    assert [line["trial"] for line in lines if line["front"] == "front"] == [str(trial.number) for trial in front]
    assert [int(line["parameters"]) for line in lines] == [trial.objectives[1] for trial in trials]
    assert stored.with_name("plots").joinpath("pareto.png").exists()
    assert cli("report", "weighed", "--out", "weighed.md").status == 0
    words = Path("weighed.md").read_text()
    assert f"{len(front)} of 12 finished trials are on the Pareto front of validation accuracy, parameters" in words
    smallest = min(front, key=lambda trial: trial.objectives[1])
    (table,) = [part for part in words.split("\n\n") if f"| {smallest.objectives[1]:,} |" in part][:1]
    assert table.count(" |\n") >= len(front)
    assert "What matters" in words


def test_the_best_is_on_the_front() -> None:
    scores = [("COMPLETE", ""), ("COMPLETE", "front"), ("FAIL", "")]
    lines = [{"trial": str(number), "state": state, "front": front} for number, (state, front) in enumerate(scores)]
    assert [line["trial"] for line in candidates_in(lines)] == ["1"]
    assert [line["trial"] for line in candidates_in([{**line, "front": ""} for line in lines])] == ["0", "1"]
    tied = [
        SearchTrial(number, {"l2": f"0.{number}"}, "COMPLETE", 0.9, 2, "", (), (0.9, size), size == 1)
        for number, size in enumerate([2, 1])
    ]
    best = best_drawn(tied, "val/accuracy")
    assert best is not None and best.number == 1


@pytest.mark.slow
def test_a_search_of_two_objectives_that_is_ended_again_and_again_comes_to_the_same(
    pretended: Callable[..., Pretended],
) -> None:
    def told(result: Any) -> list[Any]:
        # What had begun when it was ended is drawn once more.
        done = [trial for trial in result.summary if trial.state != "FAIL"]
        return [(trial.settings, trial.state, trial.objectives, trial.on_front) for trial in done]

    plan = searched("tracking.plots=none", points=8)
    undisturbed = pretended()
    expected = told(run_search(plan, undisturbed))
    trained: list[str] = []
    for fresh in (True, False, False):
        launcher = pretended(3)
        try:
            result = run_search(plan, launcher, fresh)
        except Interrupted:
            trained += launcher.trained
    assert told(result) == expected
    assert trained + launcher.trained == undisturbed.trained


class EndedAfterItsEpochs(Pretended):
    """Ctrl-C is pressed when the last epoch of the first training is over; later it has none to train any more."""

    def submit(self, job: TrialJob) -> None:
        if job.previous is None:
            super().submit(job)
            return
        self._jobs[job.number] = job, RunLog.resume(self._store, self._store.get_run(job.previous))
        self._end(job.number)

    def answer(self, answer: ContinueReply) -> None:
        if answer.epoch == 2 and self._left < 0:
            raise KeyboardInterrupt
        super().answer(answer)


@pytest.mark.slow
def test_epochs_of_before_a_search_was_ended_count(
    pretended: Callable[..., Pretended], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = searched("tracking.plots=none", points=2)
    store = pretended()._store
    launchers = iter([EndedAfterItsEpochs(store), EndedAfterItsEpochs(store, most=9)])
    monkeypatch.setattr(run, "choose_launcher", lambda *_: next(launchers))
    with pytest.raises(Interrupted):
        run_search(plan, SweepObserver())
    done = [trial for trial in run_search(plan, SweepObserver()).summary if trial.state == "COMPLETE"]
    assert [trial.epochs for trial in done] == [2, 2]


@pytest.mark.parametrize(
    ("kind", "overrides", "what"),
    [
        (
            "tpe",
            ["sweep.objectives=[val/accuracy,sizes]"],
            r"sweep.objectives\[1\]: must be .*'parameters' or 'seconds'",
        ),
        ("tpe", ["sweep.objectives=[val/accuracy,val/accuracy]"], "must name each objective once"),
        ("tpe", ["sweep.objectives=[seconds]"], "must name two objectives at least"),
        ("tpe", ["sweep.objectives=[val/loss,seconds]"], "must have sweep.metric=val/accuracy among them"),
        ("tpe", ["sweep.objectives=[val/accuracy,test/loss]"], "test/loss: a search would fit the test set"),
        ("tpe", ["sweep.objectives=[val/accuracy,val/mae]"], "classification has no mean absolute error"),
        ("asha", [WEIGHED], "--search asha ends trials by one score, and sweep.objectives has 2"),
        ("hyperband", [WEIGHED], "--search hyperband ends trials by one score"),
    ],
)
def test_objectives_that_cannot_be_are_refused(kind: str, overrides: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what) as error:
        plan_search([*SMALL, *SPACE, *overrides], None, kind, Budget(trials=3))
    assert "\n" not in str(error.value)


def test_a_grid_and_a_confirmation_take_no_objectives() -> None:
    with pytest.raises(UserError, match=r"sweep.objectives=\[val/accuracy, parameters\] go with a search"):
        plan_sweep([*SMALL, "l2=0.1,0.2", WEIGHED], None)
    with pytest.raises(UserError, match="of several sweep.objectives there is none"):
        check_confirmable(5, searched())


def test_a_score_that_is_weighed_is_measured() -> None:
    plan = searched("sweep.objectives=[val/accuracy,val/f1_macro,seconds]")
    assert plan.sweep.run.config.training.metrics == ("f1_macro",)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_is_that_of_optuna(values: list[tuple[int, int, int]]) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=["maximize", "minimize", "minimize"])
    for each in values:
        study.add_trial(optuna.trial.create_trial(values=[float(value) for value in each]))
    expected = {trial.number for trial in study.best_trials}
    found = on_front(values, ["val/accuracy", "parameters", "val/loss"])
    assert {number for number, is_there in enumerate(found) if is_there} == expected


@pytest.mark.slow
def test_importance_is_the_share_of_the_variance() -> None:
    # Of 3 a + b with a and b even in [0, 1], a explains 9/10 of the variance and b 1/10.
    axes = [Axis(key, ("0.0", "1.0"), Interval(0.0, 1.0, whole=False)) for key in ("a", "b")]
    chance = random.Random(0)
    settings = [{"a": f"{chance.random():.6f}", "b": f"{chance.random():.6f}"} for _ in range(300)]
    values = [3 * float(each["a"]) + float(each["b"]) for each in settings]
    found = importance(axes, settings, values)
    assert found == {"a": pytest.approx(0.9, abs=0.04), "b": pytest.approx(0.1, abs=0.04)}
    assert importance(axes, settings, [1.0] * len(settings)) == {}
    drawn = [
        SearchTrial(number, each, "COMPLETE", value, 1, "")
        for number, (each, value) in enumerate(zip(settings, values, strict=True))
    ]
    lines = importance_table(axes, drawn[:40], ("val/loss",)).splitlines()
    assert lines[0] == "key,val/loss" and [line[0] for line in lines[1:]] == ["a", "b"]
    assert importance_table(axes, drawn[:9], ("val/loss",)) == ""
    exploded = replace(drawn[40], value=math.nan)  # of a search by halving
    assert importance_table(axes, [*drawn[:40], exploded], ("val/loss",)).splitlines() == lines
