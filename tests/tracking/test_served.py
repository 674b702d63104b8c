"""Runs of a server are read from its JSON, a page at a time."""

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow.utils.proto_json_utils import message_to_json

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking import find
from deeplab.tracking.find import all_runs, find_run, runs_naming, trials_at
from deeplab.tracking.run import Run, from_mlflow
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.served import from_json, served_runs
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import PARENT_TAG, POINT_TAG, SOURCE_TAG


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(TrackingConfig(None, "deeplab", "all", "all"))


def finished(store: Store, name: str, **tags: str) -> str:
    with RunLog.begin(store, name, {"seed": 1, "name": ""}, tags, None) as log:
        log.metrics(3, {"train/loss": math.inf, "val/loss": math.nan, "val/accuracy": 0.5})
        log.end("FINISHED")
    return log.run_id


def test_a_run_of_a_server_is_the_run_that_mlflow_makes_of_it(store: Store) -> None:
    finished(store, "x")
    begun = RunLog.begin(store, "y", {}, {}, None)
    for stored in store.client.search_runs([store.experiment_id]):
        ours, theirs = from_json(json.loads(message_to_json(stored.to_proto()))), from_mlflow(stored)
        assert repr(ours) == repr(theirs)  # NaN is not equal to itself
    begun.end("FINISHED")


def test_every_page_is_asked_for(folder: Path) -> None:
    asked: list[Any] = []

    class Pages(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            info = {"run_id": str(len(asked)), "status": "RUNNING"}
            answer = {"runs": [{"info": info}], **({"next_page_token": "more"} if len(asked) == 1 else {})}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        runs = list(served_runs(f"http://127.0.0.1:{server.server_port}", "7", "a = 'b'", 1))
    finally:
        server.shutdown()
        server.server_close()
    assert [run.id for run in runs] == ["1", "2"]
    assert [each.get("page_token") for each in asked] == [None, "more"]
    assert (asked[0]["experiment_ids"], asked[0]["filter"], asked[0]["max_results"]) == (["7"], "a = 'b'", 1)


def test_of_many_runs_only_those_are_asked_for_that_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = finished(store, "trained", **{PARENT_TAG: "p", POINT_TAG: "1"})
    finished(store, "another point", **{PARENT_TAG: "p", POINT_TAG: "11"})
    scored = finished(store, "scored", **{SOURCE_TAG: trained})
    finished(store, "another", **{SOURCE_TAG: "0" * 32})
    whole = find._asked
    answered: list[str] = []

    def counted(*arguments: Any) -> Iterator[Any]:
        for run in whole(*arguments):
            answered.append(run.name)
            yield run

    monkeypatch.setattr(find, "_asked", counted)
    assert store.reader is None
    assert [run.id for run in runs_naming(store, trained, [SOURCE_TAG, "deeplab.reproduces"])] == [scored]
    assert [run.id for run in trials_at(store, "p", "1")] == [trained]
    assert answered == ["scored", "trained"]
    assert [run.id for run in trials_at(store, "p", "it's")] == []
    assert len(all_runs(store)) == 4


def test_a_run_is_found_by_name_and_by_the_beginning_of_its_id_without_asking_for_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, twin = finished(store, "a run's"), finished(store, "twin")
    finished(store, "twin")
    asked: list[str] = []

    def answered(_uri: str, experiment: str, condition: str, _at_once: int) -> Iterator[Run]:
        asked.append(condition)
        yield from map(from_mlflow, store.client.search_runs([experiment], condition))

    monkeypatch.setattr(find, "served_runs", answered)
    served = replace(store, place=replace(store.place, uri="http://127.0.0.1:1", database=None))
    assert find_run(served, twin).id == find_run(served, twin[:12]).id == twin
    with pytest.raises(UserError, match="may be any of 2"):
        find_run(served, "twin")
    assert "" not in asked
    # What MLflow's filters cannot say is looked for among all.
    assert find_run(served, "a run's").id == other
    with pytest.raises(UserError, match=r"There is no run 'twim'. Did you mean 'twin'\?"):
        find_run(served, "twim")
    assert asked.count("") == 2
