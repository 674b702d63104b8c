import time
from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking import run_log
from deeplab.tracking.find import find_run
from deeplab.tracking.params import flatten
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import HEARTBEAT_TAG


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(TrackingConfig(None, "deeplab", "all", "all"))


def begun(store: Store, name: str = "x") -> RunLog:
    return RunLog.begin(store, name, {"seed": 1}, {"course": "nn101"}, "a note")


def test_flatten_keeps_lists_and_layers_in_one_piece() -> None:
    values = {
        "seed": 0,
        "l2": None,
        "model": {"name": "m", "layers": [{"type": "Dense", "units": 3}, {"type": "Flatten"}]},
        "schedule": {"factors": [1, 0.1]},
        "tags": {},
    }
    assert flatten(values) == {
        "seed": "0",
        "l2": "null",
        "model.name": "m",
        "model.layers.0": '{"type": "Dense", "units": 3}',
        "model.layers.1": '{"type": "Flatten"}',
        "schedule.factors": "[1, 0.1]",
        "tags": "{}",
    }


def test_a_run_is_written_and_ended(store: Store) -> None:
    with begun(store) as log:
        log.metrics(1, {"train/loss": 0.5})
        log.metrics(2, {"train/loss": 0.25})
        log.log_text("folder/note.txt", "hello")
        log.end("FINISHED")
    run = store.client.get_run(log.run_id)
    assert (run.info.status, run.data.params, run.data.tags["course"]) == ("FINISHED", {"seed": "1"}, "nn101")
    assert run.data.tags["mlflow.note.content"] == "a note"
    history = store.client.get_metric_history(log.run_id, "train/loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.5), (2, 0.25)]
    assert [item.path for item in store.client.list_artifacts(log.run_id)] == ["folder"]


def test_a_run_that_nobody_ends_is_failed(store: Store) -> None:
    with begun(store, "left") as left:
        left.metrics(1, {"train/loss": 0.5})
    with pytest.raises(ZeroDivisionError), begun(store, "raised") as raised:
        raise ZeroDivisionError("ours")
    for log, error in ((left, "nobody ended it"), (raised, "ZeroDivisionError: ours")):
        run = store.client.get_run(log.run_id)
        assert (run.info.status, run.data.tags["deeplab.error"]) == ("FAILED", error)
    assert store.client.get_run(left.run_id).data.metrics == {"train/loss": 0.5}


def test_a_run_whose_first_files_cannot_be_written_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_log, "put_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        RunLog.begin(store, "x", {}, {}, None, {"overrides.txt": ""})
    assert store.client.search_runs([store.experiment_id]) == []


def test_metrics_and_heartbeat_are_written_while_the_run_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(run_log, "HEARTBEAT_SECONDS", 0.02)
    with begun(store) as log:
        store.client.set_tag(log.run_id, HEARTBEAT_TAG, "0")
        log.metrics(1, {"train/loss": 0.5})
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            run = store.client.get_run(log.run_id)
            if run.data.metrics and run.data.tags[HEARTBEAT_TAG] != "0":
                break
            time.sleep(0.02)
        assert run.info.status == "RUNNING"
        assert run.data.metrics == {"train/loss": 0.5}
        assert abs(int(run.data.tags[HEARTBEAT_TAG]) - time.time()) < 30
        log.end("FINISHED")


def test_what_could_not_be_written_is_kept_and_written_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.02)
    write, failures = store.client.log_batch, []

    def fail(*arguments: object, **named: object) -> None:
        if named.get("metrics") and len(failures) < 3:
            failures.append(1)
            raise OSError("no space left")
        write(*arguments, **named)

    with begun(store) as log:
        monkeypatch.setattr(store.client, "log_batch", fail)
        log.metrics(1, {"train/loss": 0.5})
        deadline = time.monotonic() + 20
        while len(failures) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        log.end("FINISHED")
    history = store.client.get_metric_history(log.run_id, "train/loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.5)]
    assert len(failures) == 3


def test_long_values_are_cut_to_what_mlflow_takes(store: Store) -> None:
    with RunLog.begin(store, "x", {"weights": [1] * 9000}, {"long": "y" * 9000}, "z" * 9000) as log:
        log.end("FINISHED")
    run = store.client.get_run(log.run_id)
    assert len(run.data.params["weights"]) == 6000
    assert len(run.data.tags["long"]) == len(run.data.tags["mlflow.note.content"]) == 8000


def test_runs_are_found_by_id_beginning_name_and_latest(store: Store) -> None:
    ids = []
    for name in ("first", "second", "second"):
        with begun(store, name) as log:
            log.end("FINISHED")
        ids.append(log.run_id)
        time.sleep(0.01)
    assert find_run(store, "latest").id == ids[2]
    assert find_run(store, ids[1]).id == ids[1]
    assert find_run(store, ids[0][:12]).id == ids[0]
    assert find_run(store, "first").id == ids[0]
    with pytest.raises(UserError, match="Run 'second' may be any of 2: .* Give the beginning of an id"):
        find_run(store, "second")
    with pytest.raises(UserError, match="There is no run 'frist'. Did you mean 'first'?"):
        find_run(store, "frist")


def test_an_empty_store_has_no_latest_run(store: Store) -> None:
    with pytest.raises(UserError, match="the store has no runs yet"):
        find_run(store, "latest")


def test_a_folder_that_can_no_longer_be_written_does_not_keep_a_run_from_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    with begun(store) as log:
        monkeypatch.setattr(Path, "unlink", refuse)
        log.end("FINISHED")
    assert store.client.get_run(log.run_id).info.status == "FINISHED"


def test_a_disk_without_room_for_the_last_word_takes_no_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.write_bytes

    def until_it_is_full(file: Path, content: bytes) -> int:
        whole(file, content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", until_it_is_full)
    with pytest.raises(OSError, match="No space"):
        RunLog.begin(store, "x", {}, {}, None)
    assert store.client.search_runs([store.experiment_id]) == []
    assert [*store.place.work_folder.glob("reserve-*")] == []
