"""Sweeps whose store is on a server that goes away, for a while or for good."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.sweep.pretended import AtOnce, pretend

from deeplab.config.compose import compose
from deeplab.errors import RunError
from deeplab.sweep import loop, run, trial
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.plan import Plan, apply_checks, plan_sweep
from deeplab.tracking.store import Store, UnreachableError, open_store
from deeplab.workflows.check import PointCheck

WORDS = ("model=mlp_64_64", "l2=1e-6,1e-4,1e-2", "tracking.plots=none")
GONE = "The store http://server:5000 cannot be reached (refused)."


def plan() -> Plan:
    return apply_checks(plan_sweep([*WORDS], None), [PointCheck("keras", 1, "0")] * 3)


@pytest.fixture
def job() -> TrialJob:
    first = plan().trials[0]
    tags = {"deeplab.trial": first.identity}
    return TrialJob(0, "l2=1e-6", first.values, (), tags, "parent", "http://server:5000", None, False, None, None)


def told_by(job: TrialJob, monkeypatch: pytest.MonkeyPatch, folder: Path, attempts: int) -> tuple[list[Any], list[str]]:
    """What is reported of a trial whose store is out of reach so many times, and what was tried on the way."""
    tried: list[str] = []

    def opened(_config: object) -> Any:
        tried.append("open")
        if len(tried) <= attempts:
            raise UnreachableError(GONE)
        return SimpleNamespace(place=SimpleNamespace(work_folder=folder))

    def train(*_arguments: object) -> Any:
        tried.append("train")
        return SimpleNamespace(run_id="run", final={"test/accuracy": 0.5})

    monkeypatch.setattr(trial, "open_store", opened)
    monkeypatch.setattr(trial, "train", train)
    monkeypatch.setattr(trial, "AGAIN_SECONDS", 0.0)
    events: list[TrialEvent] = []
    trial.run_trial(job, events.append)
    return [(event.kind, event.text) for event in events], tried


def test_a_trial_begins_when_a_server_that_is_started_again_is_there(
    job: TrialJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told, tried = told_by(job, monkeypatch, tmp_path, attempts=3)
    assert told == [("finished", "")]
    assert tried == ["open"] * 4 + ["train"]


def test_a_server_that_stays_away_fails_the_trial(
    job: TrialJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trial, "BUSY_SECONDS", -1.0)
    told, tried = told_by(job, monkeypatch, tmp_path, attempts=9)
    assert told == [("failed", GONE)]
    assert tried == ["open"]


class Failing(AtOnce):
    """A launcher whose trials fail at once, at least so many of them."""

    def __init__(self, store: Store, failures: int = 9) -> None:
        super().__init__(store, 1)
        self._failures = failures
        self.trained: list[str] = []
        self.is_interrupted = False

    def interrupt(self) -> None:
        self.is_interrupted = True

    def submit(self, job: TrialJob) -> None:
        self.trained.append(job.name)
        fails = len(self.trained) <= self._failures
        event = TrialEvent(job.number, "failed", GONE) if fails else pretend(self._store, job)
        self._events.append(event)


@pytest.fixture
def swept(folder: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Failing], Any]:
    """Carry out the sweep with a launcher."""

    def carry_out(launcher: Failing) -> Any:
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        return run.run_sweep(plan(), launcher)

    return carry_out


@pytest.fixture
def store(folder: Path, empty_database: Path) -> Store:
    return open_store(compose([]).config.tracking)


@pytest.mark.parametrize("is_server", [False, True])
def test_a_sweep_ends_with_the_store_instead_of_failing_trial_after_trial(
    store: Store, swept: Callable[[Failing], Any], monkeypatch: pytest.MonkeyPatch, is_server: bool
) -> None:
    launcher = Failing(store)
    with pytest.raises(RunError, match="3 of 3 trials failed, the first 'l2=1e-06': The store"):
        swept(launcher).check()
    assert len(launcher.trained) == 3

    known = Store.set_tag

    def gone(self: Store, *tag: str) -> None:
        if launcher.trained:
            raise OSError("refused")
        known(self, *tag)

    monkeypatch.setattr(Store, "set_tag", gone)
    if is_server:
        monkeypatch.setattr(loop, "BUSY_SECONDS", -1.0)
        served = replace(store, place=replace(store.place, database=None))
        monkeypatch.setattr(run, "open_store", lambda _: served)
    del launcher.trained[:]
    with pytest.raises(RunError, match=r"took no more: refused\. Run .* To go on: the same command again\."):
        swept(launcher)
    assert len(launcher.trained) == 1
    # A full disk has room for the last words of others, a server that is gone takes none.
    assert launcher.is_interrupted is not is_server


def test_a_trial_that_failed_with_its_store_is_tried_again_when_that_is_back(
    store: Store, swept: Callable[[Failing], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Failing(store, failures=1)
    known, answers = Store.set_tag, iter([OSError("refused"), OSError("refused")])

    def back_after_a_while(self: Store, *tag: str) -> None:
        if launcher.trained and (error := next(answers, None)):
            raise error
        known(self, *tag)

    monkeypatch.setattr(Store, "set_tag", back_after_a_while)
    monkeypatch.setattr(loop, "AGAIN_SECONDS", 0.0)
    served = replace(store, place=replace(store.place, database=None))  # a server may come back
    monkeypatch.setattr(run, "open_store", lambda _: served)
    result = swept(launcher)
    result.check()
    assert launcher.trained == ["l2=1e-06", "l2=1e-06", "l2=0.0001", "l2=0.01"]
