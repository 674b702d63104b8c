"""A person who interrupts is not kept waiting by a server that does not answer."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from deeplab.errors import RunError
from deeplab.tracking import run_log
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.workflows.recording import recorded

SECONDS = 8.0


def stuck(*_arguments: object, **_named: object) -> None:
    time.sleep(120)


def away(*_arguments: object, **_named: object) -> None:
    raise OSError("away")


def in_a_moment() -> None:
    main = threading.main_thread().ident or 0
    timer = threading.Timer(0.5, partial(signal.pthread_kill, main, signal.SIGINT))
    timer.daemon = True
    timer.start()


def interrupted(served_store: Store, arrange: Callable[[], object]) -> tuple[str, str]:
    """What a person is told who interrupts a run with metrics and files on their way, and the run's last status."""

    def begin() -> RunLog:
        return RunLog.begin(served_store, "x", {}, {}, None)

    def keep(log: RunLog, cause: BaseException) -> str | None:
        log.log_text("history.csv", "")
        return "It is kept elsewhere." if isinstance(cause, OSError) else None

    told = "Interrupted. To go on: the same again"
    with pytest.raises(RunError) as caught, recorded(served_store, begin, lambda _: told, keep) as log:
        arrange()
        log.metrics(1, {"train/loss": 0.5})
        log.log_text("a.txt", "")
        time.sleep(0.1)  # the thread has them in hand
        began = time.monotonic()
        signal.raise_signal(signal.SIGINT)
    assert time.monotonic() - began < SECONDS
    assert str(caught.value).endswith(" To go on: the same again")
    return str(caught.value).replace(log.run_id[:8], "ID"), str(served_store.client.get_run(log.run_id).info.status)


@pytest.fixture
def gone(served_store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let the server take nothing any more, and answer as it is told when it is asked whether it is there."""
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.01)

    def arrange(answer: Any) -> None:
        monkeypatch.setattr(served_store.client, "log_batch", stuck)
        monkeypatch.setattr(run_log, "put_bytes", stuck)
        if answer is not None:
            monkeypatch.setattr(served_store.client, "set_tag", answer)

    return arrange


def test_a_server_that_is_gone_is_asked_once(served_store: Store, gone: Callable[[Any], None]) -> None:
    said, status = interrupted(served_store, lambda: gone(away))
    took_no_more = "The store http://127.0.0.1:1 took no more: away. It is kept elsewhere."
    assert said == f"{took_no_more} Run ID could not even be marked FAILED. To go on: the same again"
    assert status == "RUNNING"


def test_a_database_that_is_gone_is_asked_once_too(served_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.01)
    database = replace(served_store, place=replace(served_store.place, uri="postgresql://127.0.0.1:1/x"))

    def arrange() -> None:
        monkeypatch.setattr(database.client, "log_batch", stuck)
        monkeypatch.setattr(database.client, "set_tag", away)

    said, status = interrupted(database, arrange)
    assert said.startswith("The store postgresql://127.0.0.1:1/x took no more: away. It is kept elsewhere. Run")
    assert status == "RUNNING"


def test_a_second_interrupt_ends_at_once_what_waits_for_an_answer(
    served_store: Store, gone: Callable[[Any], None]
) -> None:
    said, status = interrupted(served_store, lambda: (gone(stuck), in_a_moment()))
    assert "took no more: interrupted again while it was waited for. It is kept elsewhere. Run ID could not" in said
    assert status == "RUNNING"


def test_a_second_interrupt_ends_at_once_what_waits_for_files(served_store: Store, gone: Callable[[Any], None]) -> None:
    said, status = interrupted(served_store, lambda: (gone(None), in_a_moment()))
    assert "took no more: interrupted again while it was waited for. It is kept elsewhere. Run ID is FAILED." in said
    assert status == "FAILED"


def test_what_was_found_gone_is_not_waited_for_again(
    served_store: Store, gone: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deeplab.workflows.recording.JOIN_SECONDS", 0.1)
    began = time.monotonic()
    with (
        pytest.raises(RunError, match=r"took no more: away\. Run .* is FAILED"),
        recorded(served_store, lambda: RunLog.begin(served_store, "x", {}, {}, None), lambda _: "Interrupted.") as log,
    ):
        gone(None)
        log.metrics(1, {"train/loss": 0.5})
        log.log_text("a.txt", "")
        time.sleep(0.1)
        away()
    assert time.monotonic() - began < SECONDS
