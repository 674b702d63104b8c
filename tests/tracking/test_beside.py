"""Files go to a server beside what goes on, and are all there when the run has ended."""

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import FileInfo

from deeplab.tracking import run_log
from deeplab.tracking.artifacts import list_files, read_artifact
from deeplab.tracking.beside import Beside, ask_all
from deeplab.tracking.delete import delete_files
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store


def test_calls_go_on_beside_each_other_and_are_waited_for() -> None:
    beside, meet = Beside(is_used=True), threading.Barrier(3, timeout=10)
    beside.do(meet.wait)
    beside.do(meet.wait)
    meet.wait()
    beside.wait()
    assert ask_all(lambda number: number * 2, range(20), beside=True) == list(range(0, 40, 2))


def test_the_first_fault_is_raised_once_when_all_are_over() -> None:
    beside, done, begun = Beside(is_used=True), [], threading.Event()
    beside.do(lambda: (begun.wait(10), int("no number")))
    beside.do(lambda: (begun.set(), time.sleep(0.05), done.append(1)))
    with pytest.raises(ValueError, match="no number"):
        beside.wait()
    assert done == [1]
    beside.wait()


def test_what_comes_after_a_fault_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplab.tracking.beside.AT_ONCE", 1)
    beside, done = Beside(is_used=True), []
    for _ in range(5):
        beside.do(lambda: (done.append(1), time.sleep(0.05), int("no number")))
    with pytest.raises(ValueError, match="no number"):
        beside.wait()
    assert done == [1]
    beside.do(done.append, 2)
    beside.wait()
    assert done == [1, 2]


def test_files_of_a_run_are_there_when_it_has_ended(served_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put, meet = run_log.put_bytes, threading.Barrier(4, timeout=60)

    def together(*arguments: Any) -> None:
        meet.wait()  # which four after one another never get past
        put(*arguments)

    monkeypatch.setattr(run_log, "put_bytes", together)
    with RunLog.begin(served_store, "x", {}, {}, None, {f"{number}.txt": "" for number in range(4)}) as log:
        for number in range(4, 8):
            log.log_text(f"{number}.txt", "")
        log.end("FINISHED")
    assert len(served_store.client.list_artifacts(log.run_id)) == 8


def test_a_file_that_a_server_does_not_take_ends_the_run_as_failed(
    served_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="refused"), RunLog.begin(served_store, "x", {}, {}, None) as log:
        monkeypatch.setattr(run_log, "put_bytes", lambda *_: (_ for _ in ()).throw(OSError("refused")))
        log.log_text("a.txt", "")
        log.flush()
    assert served_store.client.get_run(log.run_id).info.status == "FAILED"


def test_metrics_that_the_thread_is_still_writing_are_not_written_twice(
    served_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(run_log, "JOIN_SECONDS", 0.05)
    writing, log_batch = threading.Event(), served_store.client.log_batch

    def slow(*arguments: str, **values: object) -> None:
        if "metrics" in values:
            writing.set()
            time.sleep(0.4)
        log_batch(*arguments, **values)

    monkeypatch.setattr(served_store.client, "log_batch", slow)
    with RunLog.begin(served_store, "x", {}, {}, None) as log:
        log.metrics(1, {"train/loss": 0.5})
        assert writing.wait(10)
        log.end("FINISHED")
    assert len(served_store.client.get_metric_history(log.run_id, "train/loss")) == 1


def test_files_of_a_server_are_looked_for_and_deleted_there(
    served_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Repository:
        def list_artifacts(self, path: str | None) -> list[FileInfo]:
            return [FileInfo("a.txt", False, 7)]

        def _download_file(self, path: str, target: str) -> None:
            if path != "a.txt":
                raise OSError("404")
            Path(target).write_text("content")

        def delete_artifacts(self, path: str | None) -> None:
            asked.append(path)

    def repository(location: str, tracking_uri: str) -> Repository:
        asked.append((location, tracking_uri))
        return Repository()

    monkeypatch.setattr("mlflow.store.artifact.artifact_repository_registry.get_artifact_repository", repository)
    assert list_files(served_store, "mlflow-artifacts:/1/x") == [("a.txt", 7)]
    delete_files(served_store, "mlflow-artifacts:/1/x")
    assert asked == [("mlflow-artifacts:/1/x", "http://127.0.0.1:1")] * 2 + [None]
    log = RunLog.begin(served_store, "x", {}, {}, None)
    log.end("FINISHED")
    run = replace(served_store.get_run(log.run_id), artifact_uri="mlflow-artifacts:/1/x")
    assert [read_artifact(served_store, run, path) for path in ("a.txt", "b.txt")] == [b"content", None]
