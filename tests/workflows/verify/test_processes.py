"""Work that is shared by processes."""

import multiprocessing
import os
import signal
import time
from importlib import import_module
from pathlib import Path

import pytest
from tests.workflows.verify.conftest import tracking

from deeplab.errors import RunError, UserError
from deeplab.tracking.find import all_runs
from deeplab.tracking.store import open_to_read
from deeplab.workflows.verify.processes import in_processes


def _where(number: int) -> tuple[int, int]:
    return number, os.getpid()


def _fails(number: int) -> int:
    if number == 1:
        raise UserError("number 1 is wrong.")
    return number


def _is_killed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_jobs_are_answered_in_their_order_by_other_processes() -> None:
    answers = list(in_processes(_where, [3, 1, 2], workers=2))
    assert [number for number, _ in answers] == [3, 1, 2]
    assert os.getpid() not in {process for _, process in answers}


def test_one_worker_is_this_process() -> None:
    assert list(in_processes(_where, [1], workers=1)) == [(1, os.getpid())]


def test_an_error_comes_back_as_it_was_raised() -> None:
    with pytest.raises(UserError, match=r"number 1 is wrong"):
        list(in_processes(_fails, [0, 1, 2], workers=2))


def test_a_process_that_is_killed_is_told_in_a_line() -> None:
    with pytest.raises(RunError, match="was ended"):
        list(in_processes(_is_killed, [0, 1], workers=2))


def _sleeps_but_the_first(number: int) -> int:
    if number:
        time.sleep(3600)
    return os.getpid()


def test_nothing_goes_on_when_nobody_waits_any_more() -> None:
    answers = in_processes(_sleeps_but_the_first, [0, 1], workers=2)
    next(answers)
    answers.close()
    assert multiprocessing.active_children() == []


@pytest.mark.long
def test_runs_are_verified_side_by_side(origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("deeplab.workflows.verify.verify")
    store = open_to_read(tracking(origin))
    runs = all_runs(store)
    alone = module.verify(store, runs, 1.0, 0)
    monkeypatch.setattr(module, "_side_by_side", lambda _: 2)
    monkeypatch.setattr(module, "cores", lambda: 2)
    together = module.verify(store, runs, 1.0, 0)
    assert together == alone
    assert {verdict.outcome for verdict in together.verdicts} == {"identical", "unchecked"}
