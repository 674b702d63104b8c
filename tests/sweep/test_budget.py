"""Grids that end before all of them is trained: real plans and stores, a launcher that only pretends to train."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.pretended import AtOnce

from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.sweep import budget, run
from deeplab.sweep.budget import Budget
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.plan import Plan, apply_checks, plan_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

SMALL = ("model=mlp_64_64", "training.epochs=2", "tracking.plots=none", "training.threads=1", "training.engine=keras")
Trains = Callable[[TrialJob], float]


class Pretended(AtOnce):
    """A launcher whose trials are finished at once with the score that they are given."""

    def __init__(self, store: Store, trains: Trains, capacity: int) -> None:
        super().__init__(store, capacity)
        self._trains = trains
        self.trained: list[str] = []

    def submit(self, job: TrialJob) -> None:
        tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
        log = RunLog.begin(self._store, job.name, job.values, tags, None, {})
        metrics = {"validation/accuracy": self._trains(job), "time/training_seconds": 1.0}
        log.metrics(2, metrics)
        log.end("FINISHED")
        self.trained.append(job.name)
        self._events.append(TrialEvent(job.number, "finished", run_id=log.run_id, metrics=metrics))


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(compose([]).config.tracking)


@pytest.fixture
def pretended(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    def made(trains: Trains = lambda job: 0.5, capacity: int = 1) -> Pretended:
        launcher = Pretended(store, trains, capacity)
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        return launcher

    return made


def planned(*overrides: str) -> Plan:
    plan = plan_sweep([*SMALL, *overrides], None)
    return apply_checks(plan, [PointCheck("keras", 1, "0")] * len(plan.points))


def test_replicate_1_of_every_point_is_trained_first_and_the_same_command_goes_on(
    pretended: Callable[..., Pretended], cli: Callable[..., Any]
) -> None:
    plan = planned("l2=0.1,0.2,0.3", "replicates=3")
    first = pretended(capacity=2)
    result = run.run_sweep(plan, first, budget=Budget(trials=4))
    assert first.trained == ["l2=0.1 #1", "l2=0.2 #1", "l2=0.3 #1", "l2=0.1 #2"]
    assert result.ended == (
        "--trials 4 ended it: 4 of 9 trials are finished, 1 to 2 of 3 of each point; missing: 'l2=0.1 #3'; "
        "'l2=0.2 #2'; 'l2=0.2 #3'; 'l2=0.3 #2'; 'l2=0.3 #3'. The same command with more goes on."
    )
    assert result.ended in " ".join(cli("status").out.split())
    assert result.ended in " ".join(cli("show", result.run_id).out.split())
    second = pretended()
    again = run.run_sweep(plan, second, budget=Budget(hours=1))
    assert second.trained == ["l2=0.2 #2", "l2=0.3 #2", "l2=0.1 #3", "l2=0.2 #3", "l2=0.3 #3"]
    assert (again.ended, again.run_id) == ("", result.run_id)
    assert "ended it" not in cli("status").out


def test_when_the_hours_are_over_nothing_begins_any_more(
    pretended: Callable[..., Pretended], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(budget.time, "monotonic", lambda: seconds[0])

    def trains(job: TrialJob) -> float:
        seconds[0] += 1800.0
        return 0.5

    plan, counts = planned("l2=0.1,0.2", "replicates=4"), Counter[str]()
    for hours, expected in ((1.2, 3), (0.4, 4), (9.0, 8)):
        launcher = pretended(trains)
        result = run.run_sweep(plan, launcher, budget=Budget(hours=hours))
        counts.update(name.partition(" ")[0] for name in launcher.trained)
        assert sum(counts.values()) == expected
        assert max(counts.values()) - min(counts.values()) <= 1
        assert result.ended.startswith(f"--hours {hours:g} ended it: {expected} of 8 trials") or expected == 8


def test_of_a_grid_that_ended_in_its_last_round_no_point_is_left_out(pretended: Callable[..., Pretended]) -> None:
    plan = planned("l2=0.1,0.2", "replicates=2")
    launcher = pretended(lambda job: 0.9 if job.name.startswith("l2=0.2") else 0.1)
    result = run.run_sweep(plan, launcher, budget=Budget(trials=3))
    assert [len(point.trials) for point in result.summary.points] == [2, 1]
    assert result.summary.best == 1


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_number_of_hours_is_refused(hours: float) -> None:
    with pytest.raises(UserError, match="--hours must be a number above 0"):
        Budget(hours=hours)


def test_a_point_that_can_no_longer_become_the_best_is_ended_and_it_is_said_why(
    pretended: Callable[..., Pretended],
) -> None:
    def trains(job: TrialJob) -> float:
        chance = int(job.tags["deeplab.replicate"]) % 3 / 1000
        return {"0.1": 0.9, "0.2": 0.899, "0.3": 0.5}[str(job.values["l2"])] + chance * (1 + job.values["l2"])

    plan = planned("l2=0.1,0.2,0.3", "replicates=9", "sweep.stop=paired")
    launcher = pretended(trains)
    result = run.run_sweep(plan, launcher)
    counts = Counter(name.partition(" ")[0] for name in launcher.trained)
    assert counts["l2=0.1"] == 9
    assert counts["l2=0.3"] < 9
    assert f"'l2=0.3' after {counts['l2=0.3']} of 9 replicates, since 'l2=0.1' is better by 0.3998" in result.ended
    assert result.summary.best == 0
    again = pretended(trains)
    assert run.run_sweep(plan, again).ended == result.ended
    assert again.trained == []


@pytest.mark.parametrize("words", [("replicates=1",), ("replicates=5",)])
def test_paired_stopping_with_too_few_replicates_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match=r"sweep.stop=paired needs more than \d replicates"):
        planned("l2=0.1,0.2,0.3", "sweep.stop=paired", *words)
