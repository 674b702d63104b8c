"""A database is read without MLflow as MLflow reads it, or left to MLflow."""

import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Metric

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking.artifacts import list_files, model_locations, read_artifact
from deeplab.tracking.find import all_runs, find_run, run_by_id
from deeplab.tracking.postgres import PostgresReader
from deeplab.tracking.read import metric_history
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store, open_to_read

CONFIG = TrackingConfig(None, "deeplab", "all", "all")


@pytest.fixture
def store(folder: Path) -> Store:
    """With five runs, one of them deleted and one in another experiment."""
    store = open_store(CONFIG)
    for name, status in (("a", "FINISHED"), ("b", "FAILED"), ("c", "KILLED"), ("gone", "FINISHED")):
        with RunLog.begin(store, name, {"l2": 0.001, "model": {"name": name}}, {"deeplab.kind": "train"}, None) as log:
            values = [("train/loss", 0.5, 1), ("train/loss", 0.25, 2), ("val/loss", math.nan, 2), ("z", math.inf, 0)]
            store.client.log_batch(log.run_id, metrics=[Metric(key, value, 0, step) for key, value, step in values])
            log.log_text("b/c.txt", "text")
            log.log_text("a.txt", name)
            log.end(status)
        if name == "b":
            store.client.set_tag(log.run_id, "mlflow.parentRunId", "parent")
        if name == "c":
            store.client.create_logged_model(store.experiment_id, "model", source_run_id=log.run_id)
    store.client.delete_run(log.run_id)
    other = store.client.create_experiment("other")
    store.client.create_run(other, run_name="elsewhere")
    return store


def plain(runs: Iterable[Any]) -> list[dict[str, Any]]:
    """Everything that is used of runs, whoever read them; no number is equal to itself where it is none."""
    return [{**asdict(run), "metrics": {key: repr(value) for key, value in run.metrics.items()}} for run in runs]


def test_what_is_read_is_what_mlflow_reads(store: Store) -> None:
    read = open_to_read(CONFIG)
    assert read.reader is not None
    expected = plain(all_runs(store))
    assert [run["name"] for run in expected] == ["c", "b", "a"]
    assert expected[0]["metrics"]["val/loss"] == "nan"
    found = all_runs(read)
    assert plain(found) == expected
    tag = ("mlflow.parentRunId", "parent")
    assert plain(all_runs(read, tag)) == plain(all_runs(store, tag)) == expected[1:2]
    assert all_runs(read, ("mlflow.parentRunId", "nobody")) == []
    assert plain([find_run(read, "latest")]) == expected[:1]
    run_id = expected[2]["id"]
    assert plain([run_by_id(read, run_id)]) == plain([run_by_id(store, run_id)]) == expected[2:]
    assert run_by_id(read, "0" * 32) is None
    assert metric_history(read, run_id, "train/loss") == metric_history(store, run_id, "train/loss")
    assert metric_history(read, run_id, "train/loss") == [(1, 0.5), (2, 0.25)]
    for run in found:
        assert model_locations(read, run.id) == model_locations(store, run.id)
        assert list_files(read, run.artifact_uri) == [("a.txt", 1), ("b/c.txt", 4)]
        assert read_artifact(read, run, "a.txt") == run.name.encode()
        assert read_artifact(read, run, "no.txt") is None
    assert len(model_locations(read, found[0].id)) == 1


def test_what_postgresql_is_asked_is_what_sqlite_is_asked(store: Store, folder: Path) -> None:
    """By way of SQLAlchemy, on the same tables."""
    read = open_to_read(CONFIG)
    assert read.reader is not None
    other = PostgresReader(f"sqlite:///{folder}/mlflow.db")
    assert other.can_read()
    assert other.experiment("deeplab") == read.reader.experiment("deeplab")
    assert other.experiment("no") is None
    for asked in (
        {},
        {"most": 1},
        {"tag": ("mlflow.parentRunId", "parent")},
        {"only": ("deeplab.kind",)},
        {"run_id": all_runs(read)[0].id},
    ):
        assert plain(other.runs(read.experiment_id, **asked)) == plain(read.reader.runs(read.experiment_id, **asked))
    run_id = all_runs(read)[0].id
    assert other.history(run_id, "train/loss") == [(1, 0.5), (2, 0.25)]
    assert other.model_locations(run_id) == read.reader.model_locations(run_id) != []


def test_runs_can_be_read_without_what_takes_long(store: Store) -> None:
    brief = all_runs(open_to_read(CONFIG), only=("deeplab.kind", "nowhere"))
    assert [(run.name, run.status, run.tags["deeplab.kind"]) for run in brief] == [
        ("c", "KILLED", "train"),
        ("b", "FAILED", "train"),
        ("a", "FINISHED", "train"),
    ]
    assert not any(run.params or run.metrics or run.steps for run in brief)
    assert {key for run in brief for key in run.tags} == {"deeplab.kind"}


def test_tables_of_another_revision_are_left_to_mlflow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplab.tracking.sqlite.REVISIONS", ("another",))
    read = open_to_read(CONFIG)
    assert read.reader is None
    assert plain(all_runs(read)) == plain(all_runs(store))


def test_an_experiment_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(UserError, match="has no experiment 'deeplb'. Did you mean 'deeplab'?"):
        open_to_read(TrackingConfig(None, "deeplb", "all", "all"))


def test_a_database_that_breaks_meanwhile_is_one_line(store: Store, folder: Path) -> None:
    read = open_to_read(CONFIG)
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        connection.execute("DROP TABLE tags")
    with pytest.raises(UserError, match=r"mlflow.db cannot be read \(no such table: tags\)"):
        all_runs(read)
