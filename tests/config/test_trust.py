"""Addresses come from the command line and the environment, and from files only where a person trusts them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from deeplab.config.compose import compose, compose_sweep
from deeplab.config.schema import TrackingConfig
from deeplab.config.trust import trusting
from deeplab.errors import UserError, UserErrors
from deeplab.sweep.plan import plan_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

Cli = Callable[..., tuple[int, str, str]]
EVIL = "http://127.0.0.1:9"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "conf" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder / "conf"


FILES = [
    ("experiment/e.yaml", f"# @package _global_\ntracking:\n  uri: {EVIL}\n", ["experiment=e"], "tracking.uri", 3),
    ("experiment/e.yaml", f'# @package _global_\nnotes: {EVIL}\ntracking: {{uri: "${{notes}}"}}\n', ["experiment=e"],
     "tracking.uri", 3),
    ("tracking/default.yaml", f"uri: {EVIL}\nexperiment: x\nsave_model: all\nplots: all\n", [], "tracking.uri", 1),
    ("tracking/t.yaml", "uri: sqlite:////tmp/x.db\nexperiment: x\nsave_model: all\nplots: all\n", ["tracking=t"],
     "tracking.uri", 1),
    ("launcher/ray.yaml", "kind: ray\naddress: 10.0.0.1:6379\ncpus_per_trial: 1\ngpus_per_trial: 0.0\nretries: 1\n",
     ["launcher=ray"], "launcher.address", 2),
    ("experiment/e.yaml", "# @package _global_\ndefaults:\n  - override /launcher: ray\nlauncher:\n  address: auto\n",
     ["experiment=e"], "launcher.address", 5),
    ("experiment/e.yaml", f"# @package _global_\ntags: {{uri: {EVIL}, experiment: x, save_model: all, plots: none}}\n"
     'tracking: "${tags}"\n', ["experiment=e"], "tracking.uri", 3),
    ("experiment/e.yaml", "# @package _global_\ndefaults:\n  - override /launcher: ray\n"
     "tags: {kind: ray, address: auto, cpus_per_trial: 1, gpus_per_trial: 0.0, retries: 1}\nlauncher: ${tags}\n",
     ["experiment=e"], "launcher.address", 5),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "overrides", "key", "line"), FILES)
def test_an_address_in_a_file_is_refused_and_taken_with_trust(
    tmp_path: Path, name: str, text: str, overrides: list[str], key: str, line: int
) -> None:
    folder = write(tmp_path, name, text)
    with pytest.raises(UserError) as found:
        compose(overrides, folder)
    assert str(found.value).startswith(f"{folder / name}, line {line}: {key} is '")
    assert f"Give {key}=... on the command line, or --trust-config" in str(found.value)
    group, _, leaf = key.partition(".")
    with trusting(True):
        trusted = compose_sweep(overrides, folder)
    taken = trusted.run.config.tracking.uri or getattr(trusted.launcher, leaf)
    assert taken in (EVIL, "sqlite:////tmp/x.db", "10.0.0.1:6379", "auto")
    if "${tags}" in text:
        return  # a text, in which no key can be set
    own = "sqlite:///own.db" if group == "tracking" else "127.0.0.1:1"
    given = compose_sweep([*overrides, f"{key}={own}"], folder)
    assert own in (given.run.config.tracking.uri, getattr(given.launcher, "address", None))
    with pytest.raises(UserError, match="is not taken from a file"):
        compose(overrides, folder)


@pytest.mark.parametrize("key", ["tracking.uri", "launcher.address"])
@pytest.mark.parametrize("values", ["[x]", "x", "[x, y]"])
def test_the_grid_of_an_experiment_brings_no_address(tmp_path: Path, key: str, values: str) -> None:
    text = f"# @package _global_\nsweep: {{grid: {{seed: [1, 2], {key}: {values}}}}}\n"
    with pytest.raises((UserError, UserErrors), match="compares nothing"):
        plan_sweep(["experiment=e", "launcher=ray"], write(tmp_path, "experiment/e.yaml", text))


@pytest.fixture
def heard() -> list[str]:
    """The headers of whatever reaches the stranger's server."""
    return []


@pytest.fixture
def stranger(heard: list[str]) -> Iterator[str]:
    """The address of a server that notes what it is sent."""

    class Ears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(str(self.headers))
            self.send_response(404)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ears)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


COMMANDS = ["train", "sweep l2=1,2", "status", "runs", "show latest", "rm latest", "ui", "doctor", "repair",
            "report latest", "compare a b", "curves latest", "predict latest x.png", "evaluate latest",
            "export latest --to keras", "reproduce latest", "train --resume latest"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_sends_a_token_where_a_file_says(
    cli: Cli, tmp_path: Path, stranger: str, heard: list[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2")
    text = f"uri: {stranger}\nexperiment: deeplab\nsave_model: all\nplots: all\n"
    folder = write(tmp_path, "tracking/default.yaml", text)
    status, out, err = cli(*command.split(), "--config-dir", str(folder))
    assert (status, out, heard) == (2, "", [])
    assert err.startswith(f"deeplab: {folder}/tracking/default.yaml, line 1: tracking.uri is '{stranger}'")
    assert err.count("\n") == 1


def test_a_trusted_file_is_followed(
    cli: Cli, tmp_path: Path, stranger: str, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2")
    folder = write(tmp_path, "tracking/default.yaml", f"uri: {stranger}\nexperiment: e\nsave_model: all\nplots: all\n")
    status, _, err = cli("runs", "--config-dir", str(folder), "--trust-config")
    assert (status, f"The store {stranger} cannot be used" in err) == (2, True)
    assert "hunter2" in heard[0]
    heard.clear()
    assert cli("runs", "--config-dir", str(folder))[0] == 2
    assert heard == []


@pytest.mark.parametrize("kind", ["run", "sweep"])
@pytest.mark.parametrize("word", ["tracking.uri=http://x", "launcher.address=10.0.0.1:1", "+tracking.uri=http://x"])
def test_a_study_brings_no_address(cli: Cli, tmp_path: Path, kind: str, word: str) -> None:
    entry = {kind: ["model=mlp_64_64", word]}
    study = {"title": "t", "about": "a", "replicates": 1, "entries": {"one": entry}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    status, _, err = cli("study", str(tmp_path))
    assert status == 2
    key, _, value = word.removeprefix("+").partition("=")
    assert err.startswith(f"deeplab: {tmp_path}/study.yaml: entries.one: {key} is '{value}'")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml"]


@pytest.mark.parametrize("column", ["experiments.artifact_location", "runs.artifact_uri"])
@pytest.mark.parametrize(
    "command", ["show latest", "runs", "report latest", "rm latest --yes", "ui", "export latest --to keras"]
)
def test_a_database_sends_nobody_elsewhere(
    cli: Cli, folder: Path, stranger: str, heard: list[str], monkeypatch: pytest.MonkeyPatch, column: str, command: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2")
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    with RunLog.begin(store, "a run", {}, {"deeplab.kind": "train"}, None) as log:
        log.end("FINISHED")
    table, _, name = column.partition(".")
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.execute(f"UPDATE {table} SET {name} = ?", (f"{stranger}/api/2.0/mlflow-artifacts/artifacts/x",))
        database.commit()
    status, out, err = cli(*command.split())
    assert (status, out, heard) == (2, "", [])
    assert f"has files of its runs at {stranger}/api" in err
    assert cli("show", "latest", "--trust-config")[0] == 0
    assert bool(heard) == (table == "runs")
