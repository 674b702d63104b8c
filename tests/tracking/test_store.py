import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import wait_until

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking import store as store_module
from deeplab.tracking.location import locate_store, redact_password
from deeplab.tracking.store import open_store, open_to_read, short_timeouts


def tracking(uri: str | None = None, experiment: str = "deeplab") -> TrackingConfig:
    return TrackingConfig(uri, experiment, "all", "all")


def test_the_default_lies_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = locate_store(None)
    assert place.uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert place.work_folder == tmp_path / ".deeplab"


def test_the_setting_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5999")
    assert locate_store(None).uri == "http://127.0.0.1:5999"
    assert locate_store("sqlite:////a/b.db").uri == "sqlite:////a/b.db"


@pytest.mark.parametrize("uri", ["runs", "./mlruns", "file:///tmp/x", "ftp://host/x", "sqlite"])
def test_an_address_of_no_known_kind_is_refused(uri: str) -> None:
    with pytest.raises(UserError, match="tracking.uri: must begin with one of http, https, sqlite"):
        locate_store(uri)


def test_a_store_is_made_once_and_opened_again(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/deep/er/mlflow.db"
    first = open_store(tracking(uri))
    assert (tmp_path / "deep" / "er" / "mlflow.db").stat().st_size > 10_000
    assert open_store(tracking(uri)).experiment_id == first.experiment_id
    experiment = first.client.get_experiment(first.experiment_id)
    assert experiment.artifact_location == (tmp_path / "deep" / "er" / "mlruns").as_uri()


OPENING = "from deeplab.config.compose import compose\nfrom deeplab.tracking.store import open_store\n"
OPENING += "open_store(compose([]).config.tracking)"


def test_a_process_killed_while_it_makes_a_store_leaves_no_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    unfinished = tmp_path / "mlflow.db.new"
    process = start("-c", OPENING, program=(sys.executable,))
    wait_until(lambda: unfinished.exists() and unfinished.stat().st_size > 100_000, every=0.01)
    process.kill()
    process.communicate()
    assert unfinished.exists()
    assert not (tmp_path / "mlflow.db").exists()
    assert open_store(tracking()).experiment_id == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".deeplab", "mlflow.db"]


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UserError, match=f"The store http://127.0.0.1:{port} cannot be reached"):
        open_store(tracking(f"http://127.0.0.1:{port}"))


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "short_timeouts", partial(short_timeouts, 1))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"The store http://127.0.0.1:{port} cannot be used"):
            open_store(tracking(f"http://127.0.0.1:{port}"))
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_opening_leaves_the_environment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store(tracking(f"sqlite:///{tmp_path}/elsewhere/mlflow.db"))
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert locate_store(None).uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_a_host_without_a_name_is_told() -> None:
    with pytest.raises(UserError, match="cannot be reached"):
        open_store(tracking("http://"))


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("my precious notes, nothing that SQLite knows")
    with pytest.raises(UserError, match="is no SQLite database"):
        open_store(tracking(f"sqlite:///{file}"))
    assert file.read_text().startswith("my precious")


def test_a_folder_in_the_place_of_the_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Is a directory"):
        open_store(tracking(f"sqlite:///{tmp_path}"))


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        open_store(tracking(f"sqlite:///{tmp_path}/file/mlflow.db"))


def test_a_full_or_read_only_place_is_told() -> None:
    with pytest.raises(UserError, match="cannot be written"):
        open_store(tracking("sqlite:////proc/deeplab/mlflow.db"))


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a#b"])
def test_a_path_that_an_address_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="must be without"):
        locate_store(f"sqlite:///{tmp_path}/{name}/mlflow.db")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="is no address"):
        locate_store("http://[x")


def test_a_database_without_its_driver_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(UserError, match="needs the package psycopg"):
        open_store(tracking(f"postgresql://u:pw@127.0.0.1:{server.getsockname()[1]}/x"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2", "mysql+pymysql"])
def test_a_database_server_that_is_gone_is_told_at_once(scheme: str) -> None:
    with pytest.raises(UserError, match=r"://u:\*\*\*@127.0.0.1:1/x cannot be reached \(.*refused"):
        open_to_read(tracking(f"{scheme}://u:pw@127.0.0.1:1/x"))


def test_a_deleted_experiment_is_told(folder: Path) -> None:
    store = open_store(tracking())
    store.client.delete_experiment(store.experiment_id)
    told = f"'deeplab' is deleted in the store sqlite:///{folder}/mlflow.db, with its runs. Restore it with "
    told += f"MLFLOW_TRACKING_URI=sqlite:///{folder}/mlflow.db mlflow experiments restore --experiment-id 1 or give"
    for opening in (open_store, open_to_read):
        with pytest.raises(UserError, match=told):
            opening(tracking())


def test_passwords_are_not_shown() -> None:
    assert redact_password("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert (
        redact_password("postgresql://host/db?user=me&password=secret&x=1")
        == "postgresql://host/db?user=me&password=***&x=1"
    )
    assert redact_password("sqlite:////a/b.db") == "sqlite:////a/b.db"
