"""The command line in processes of its own: signals, streams, the UI's server."""

import os
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import DEEPLAB, PATIENCE, free_port, is_listened_on, wait_until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)]
)
def test_an_interrupted_run_ends_within_two_seconds_and_keeps_what_it_has(
    folder: Path, runs: Callable[[], list], number: signal.Signals, status: int
) -> None:
    import mlflow

    command = [str(DEEPLAB), "train", "training.epochs=50", "dataset.limit=300", "dataset.image_size=12"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("epoch  2/50") for line in process.stdout)
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    seconds = time.monotonic() - began
    (run,) = runs()
    assert process.returncode == status
    assert run.info.status == "KILLED"
    assert err.startswith(f"deeplab: Interrupted: run {run.info.run_id[:8]} is KILLED, ")
    assert run.data.metrics["train/loss"] > 0
    names = {item.path for item in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert {"config.yaml", "history.csv"} <= names
    history = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/history.csv")
    assert int(history.splitlines()[-1].split(",")[0]) >= 2
    assert seconds < 10  # two are promised; a busy machine may need more


def test_nothing_but_the_run_s_lines_is_printed(process: Callable[..., Any]) -> None:
    done = process("train", "model=dense_relu", "dataset.image_size=8", "training.epochs=1")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("digits: ")


def test_help_shows_the_commands(process: Callable[..., Any]) -> None:
    out = process("--help").out
    assert all(command in out for command in ("train", "list", "ui", "doctor"))


def test_ui_serves_the_store_on_this_machine_alone(folder: Path) -> None:
    port = free_port()
    command = [str(DEEPLAB), "ui", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == f"store sqlite:///{folder}/mlflow.db\n"
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            wait_until(lambda: is_listened_on(port))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as page:
                assert b"MLflow" in page.read()
            busy = subprocess.run(command, capture_output=True, text=True, check=False)
            assert busy.returncode == 2
            assert f"Port {port} is not free" in busy.stderr
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.communicate(timeout=PATIENCE)
            finally:
                server.kill()
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("shell", "words", "expected"),
    [
        ("zsh", "deeplab train model=cnn_d", ["model=cnn_dropout", "model=cnn_dropout_pool"]),
        ("zsh", "deeplab train training.ep", ["training.epochs="]),
        ("zsh", "deeplab train exp", ["experiment="]),
        ("bash", "deeplab train model=cnn_d", ["cnn_dropout", "cnn_dropout_pool"]),
        ("bash", "deeplab train optimizer.mom", ["optimizer.momentum="]),
        ("bash", "deeplab tr", ["train"]),
        ("bash", "deeplab export lat", ["latest"]),
        ("zsh", "deeplab predict mn", ["mnist-run"]),
        ("zsh", "deeplab export latest --to sa", ["saved_model"]),
    ],
)
def test_completion(shell: str, words: str, expected: list[str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("CREATE TABLE runs (run_uuid, name, lifecycle_stage, start_time)")
        database.execute("INSERT INTO runs VALUES ('a1', 'mnist-run', 'active', 1), ('b2', 'mnist-gone', 'deleted', 2)")
        database.commit()
    environment = {**os.environ, "_DEEPLAB_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        split = words.replace("=", " = ").split()
        environment |= {"COMP_WORDS": " ".join(split), "COMP_CWORD": str(len(split) - 1)}
    else:
        environment["_TYPER_COMPLETE_ARGS"] = words
    done = subprocess.run([str(DEEPLAB)], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.stderr == ""
    found = [word for word in done.stdout.replace('"', " ").replace(":", " ").split() if word in expected]
    assert found == expected, done.stdout
