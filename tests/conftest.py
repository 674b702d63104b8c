import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from deeplab.tracking.store import Store

# A shell lets its background jobs ignore Ctrl-C, and so all that they start; the tests may be such a job.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
# A network with every kind of branch: a shortcut of each sort, layers by name, and a residual that drops rows.
BRANCHED = (
    "model=cnn",
    "model.layers=["
    "{type: Conv2D, filters: 4, kernel_size: 3, padding: same, activation: relu},"
    "{residual: {drop: 0.3, layers: [{type: Conv2D, filters: 4, kernel_size: 3, padding: same}]}},"
    "{residual: {shortcut: projection, normalization: true, layers: ["
    "{type: Conv2D, filters: 6, kernel_size: 3, strides: 2, padding: same, use_bias: false},"
    "{type: BatchNormalization}]}},"
    "{residual: {shortcut: pad, layers: [{type: Conv2D, filters: 9, kernel_size: 3, strides: 2, padding: same}]}},"
    "{type: GlobalAveragePooling2D, name: all},"
    "{type: Dense, units: 9, activation: sigmoid, name: gate},"
    "{type: Multiply, from: [all, gate], name: gated},"
    "{type: Concatenate, from: [gated, all]},"
    "{type: Dropout, rate: 0.2},"
    "{type: Dense, units: num_classes, activation: softmax}]",
)
DEEPLAB = Path(sys.executable).parent / "deeplab"
# Seconds after which a test gives up on another process. A slow and busy machine may need minutes to start a few.
PATIENCE = 300.0


class Outcome(NamedTuple):
    """What a command did: its exit status and what it printed."""

    status: int
    out: str
    err: str


def wait_until(what: Callable[[], object], seconds: float = PATIENCE, every: float = 0.05) -> None:
    """Wait until this is true; it is asked again after this many seconds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} seconds"
        time.sleep(every)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with many slow tests come first, so that at the end no process has long work while the others have none."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def script_module(name: str) -> ModuleType:
    """A program of `scripts/`, imported."""
    path = ROOT / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where its dataclasses look for their own names
    spec.loader.exec_module(module)
    return module


def begin_anew() -> None:
    """Forget what a process remembers of stores: where MLflow found the files of a run, and what was told."""
    from mlflow.tracking._tracking_service import utils

    from deeplab.tracking.notice import tell

    utils._artifact_repos_cache.clear()
    tell.cache_clear()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listened_on(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them, and no download leaves this machine."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "DEEPLAB_DEBUG", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables and nothing else, made once: that takes seconds."""
    import mlflow
    from sqlalchemy import create_engine

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    create_engine(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own working directory whose store is ready."""
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def served_store(folder: Path) -> "Store":
    """A SQLite store that is taken for a server."""
    from deeplab.config.schema import TrackingConfig
    from deeplab.tracking.store import open_store

    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    return replace(store, place=replace(store.place, uri="http://127.0.0.1:1", database=None))


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line in this process."""
    from deeplab.cli.main import main

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["deeplab", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return Outcome(int(end.value.code or 0), out, err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Outcome]:
    """Run a command line in a process of its own."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> Outcome:
        done = subprocess.run(
            [str(DEEPLAB), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            timeout=PATIENCE,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a command line in a process of its own, with its own group, and go on; it does not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, program: tuple[str, ...] = (str(DEEPLAB),)) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def runs(folder: Path) -> Callable[[], list]:
    """The runs in this folder's store, the newest first."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")

    def read() -> list:
        client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        experiment = client.get_experiment_by_name("deeplab")
        return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))

    return read


def put_nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Put a made-up `nvidia-smi` of so many cards on the path, with nothing before it."""
    lines = "".join(f"echo 'Card {number}, 24576, 24000, 550.54'\n" for number in range(count))
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{lines}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
