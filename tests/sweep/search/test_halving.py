"""Searches by successive halving: real stores, a launcher that pretends to train, and one real search in the end."""

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.pretended import AtOnce

from deeplab.config.compose import compose
from deeplab.errors import Interrupted
from deeplab.metrics import METRICS
from deeplab.sweep import loop, run
from deeplab.sweep.budget import Budget
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.search.choose import run_search
from deeplab.sweep.search.pairs import Pairs
from deeplab.sweep.search.plan import SearchPlan, plan_search
from deeplab.sweep.search.rungs import Climb, brackets, hyperband_next
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

pytestmark = pytest.mark.slow

SMALL = ("model=mlp_64_64", "dataset.limit=60", "training.epochs=9", "tracking.plots=none", "training.threads=1")
L2 = "l2=interval(1e-6,1e-2)"


class Pretended(AtOnce):
    """A launcher whose trials reach the epoch they are to at once; their score is told by l2 alone, and grows."""

    def __init__(self, store: Store, most: int, capacity: int) -> None:
        super().__init__(store, capacity)
        self._left = most
        self.trained: list[tuple[str, int, bool]] = []  # name, the epoch that it is trained to, whether it goes on

    def submit(self, job: TrialJob) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        self.trained.append((job.name, job.until or 9, job.previous is not None))
        if job.previous is None:
            tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
            log, first = RunLog.begin(self._store, job.name, job.values, tags, None, {}), 1
        else:
            before = self._store.get_run(job.previous)
            log, first = RunLog.resume(self._store, before), before.steps["val/accuracy"] + 1
        score = 0.5 - job.values["l2"]
        last = job.until or 9
        for epoch in range(first, last + 1):
            log.metrics(epoch, {"val/accuracy": score + 0.01 * epoch})
        if job.until is None:
            metrics = {"validation/accuracy": score + 0.09, "time/training_seconds": 1.0}
            log.metrics(last, metrics)
            log.end("FINISHED")
            self._events.append(TrialEvent(job.number, "finished", run_id=log.run_id, metrics=metrics))
            return
        log.set_tag("deeplab.pruned", "true")
        log.end("KILLED")
        metrics = {"val/accuracy": score + 0.01 * last}
        self._events.append(TrialEvent(job.number, "pruned", epoch=last, run_id=log.run_id, metrics=metrics))


@pytest.fixture
def pretended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    store = open_store(compose([]).config.tracking)

    def made(most: int = -1, capacity: int = 1) -> Pretended:
        launcher = Pretended(store, most, capacity)
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        monkeypatch.setattr(loop, "INTERRUPT_SECONDS", 0.0)  # what it interrupts says nothing
        return launcher

    return made


def searched(kind: str, points: int, *overrides: str) -> SearchPlan:
    plan = plan_search([*SMALL, *overrides], None, kind, Budget(trials=points))
    return replace(plan, checked=PointCheck("keras", 1, "0" * 64))


def test_asha_goes_on_with_the_best_third_from_where_it_was(pretended: Callable[..., Pretended]) -> None:
    launcher = pretended()
    result = run_search(searched("asha", 9, L2), launcher)
    trained = [sum(epoch == each for _, epoch, _ in launcher.trained) for each in (1, 3, 9)]
    assert trained[0] == 9
    assert trained[1] >= 3 and trained[2] >= 1
    assert all(goes_on == (epoch > 1) for _, epoch, goes_on in launcher.trained)
    best = max(result.summary, key=lambda trial: trial.value or 0.0)
    assert (best.state, best.epochs) == ("COMPLETE", 9)
    assert float(best.settings["l2"]) == min(float(trial.settings["l2"]) for trial in result.summary)
    assert {trial.state for trial in result.summary} == {"COMPLETE", "PRUNED"}


@pytest.mark.parametrize("kind", ["asha", "hyperband"])
def test_a_search_that_is_ended_again_and_again_comes_to_the_same(
    kind: str, pretended: Callable[..., Pretended]
) -> None:
    def told(result: Any) -> list[Any]:
        return [(trial.settings, trial.state, trial.value, trial.epochs) for trial in result.summary]

    plan = searched(kind, 10, L2, "replicates=2")
    undisturbed = pretended()
    expected = run_search(plan, undisturbed)
    ended: list[tuple[str, int, bool]] = []
    for most in itertools.count(6, 5):
        launcher = pretended(most)
        try:
            result = run_search(plan, launcher, fresh=not ended)
        except Interrupted:
            ended += launcher.trained
            continue
        break
    assert len(ended) >= 6
    assert told(result) == told(expected)
    assert sorted([*ended, *launcher.trained]) == sorted(undisturbed.trained)


def test_hyperband_is_the_same_with_more_workers(pretended: Callable[..., Pretended]) -> None:
    plan = searched("hyperband", 12, L2)
    results = []
    for capacity in (1, 3):
        launcher = pretended(capacity=capacity)
        results.append((run_search(plan, launcher, fresh=True).summary, sorted(launcher.trained)))
    (one, trained), (three, also) = results
    assert trained == also
    assert [(trial.settings, trial.state, trial.value) for trial in one] == [
        (trial.settings, trial.state, trial.value) for trial in three
    ]


@pytest.mark.parametrize(("rungs", "factor"), list(itertools.product(range(1, 6), range(2, 5))))
def test_hyperband_ends_and_trains_one_of_each_bracket_whole(rungs: int, factor: int) -> None:
    for points in range(1, 31):
        climbs: list[Climb] = []
        chance = random.Random(points)
        while (number := hyperband_next(climbs, rungs, factor, points)) is not None:
            if number == len(climbs):
                climbs.append(Climb())
            climbs[number] = Climb((*climbs[number].ranks, chance.random()))
        assert len(climbs) == points
        ends = [start + size for start, size, _ in brackets(rungs, factor, points)]
        assert [0, *ends] == [*(start for start, *_ in brackets(rungs, factor, points)), points]
        for start, size, first in brackets(rungs, factor, points):
            assert any(first + len(climb.ranks) == rungs for climb in climbs[start : start + size])


def test_equal_points_of_a_small_space_are_drawn_once(pretended: Callable[..., Pretended]) -> None:
    launcher = pretended()
    result = run_search(searched("asha", 20, "l2=0.1,0.2,0.3"), launcher)
    assert sorted(trial.settings["l2"] for trial in result.summary) == ["0.1", "0.2", "0.3"]


def test_a_point_that_is_worse_seed_by_seed_is_hopeless_with_its_fourth_replicate() -> None:
    pairs = Pairs(METRICS["accuracy"].on("val"))
    assert not pairs.is_hopeless({0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1})
    pairs.add(dict.fromkeys(range(6), math.nan))  # which is no best point
    assert not pairs.is_hopeless({0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1})
    pairs.add({number: 0.9 + 0.01 * number for number in range(6)})
    worse = {number: 0.8 - 0.01 * number for number in range(4)}
    assert pairs.is_hopeless(worse)
    assert not pairs.is_hopeless({number: worse[number] for number in range(3)})
    assert not pairs.is_hopeless({number: 0.95 + 0.01 * number for number in range(4)})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([L2, "training.epochs=1"], "--search asha compares trials before their last epoch"),
        ([L2, "training.epochs=9", "sweep.min_epochs=9"], "the first look is after sweep.min_epochs=9"),
        (["training.epochs=3,9", L2], "--search asha gives out the epochs itself"),
        ([L2, "sweep.reduction=1"], "sweep.reduction"),
    ],
)
def test_what_cannot_be_halved_is_refused_in_a_line(
    arguments: list[str], expected: str, cli: Callable[..., Any], folder: Path
) -> None:
    done = cli("sweep", "--search", "asha", "--trials", "9", SMALL[0], *arguments)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert expected in done.err


@pytest.mark.long
def test_a_trial_that_was_paused_is_the_training_that_was_not(
    folder: Path, start: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    import mlflow

    words = [*SMALL, "dataset.image_size=8", "tracking.save_model=none", "launcher.workers=1", "optimizer=adam"]
    search = start("sweep", "--search", "asha", "--trials", "3", *words, "optimizer.learning_rate=interval(1e-4,1e-2)")
    search.communicate()
    assert search.returncode == 0
    (trial,) = [each for each in runs() if each.data.tags["deeplab.kind"] == "trial" and each.info.status == "FINISHED"]
    rate = trial.data.params["optimizer.learning_rate"]
    training = start("train", *words[:-2], "optimizer=adam", f"optimizer.learning_rate={rate}")
    training.communicate()
    assert training.returncode == 0
    (alone,) = [each for each in runs() if each.data.tags["deeplab.kind"] not in ("trial", "sweep")]
    client = mlflow.MlflowClient()
    for key in ("train/loss", "val/accuracy"):
        one, other = (
            [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, key)]
            for run in (trial, alone)
        )
        assert sorted(one) == sorted(other)
        assert len(one) == 9
