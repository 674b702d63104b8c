import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store

CNN = {
    "seed": 1,
    "dataset": {"kind": "mnist", "limit": None},
    "model": {"name": "cnn", "layers": [{"type": "Conv2D", "filters": 8, "l2": None}, {"type": "Flatten"}]},
    "optimizer": {"kind": "sgd", "learning_rate": 0.1},
    "training": {"epochs": 3},
    "tracking": {"experiment": "deeplab"},
}
MLP = {**CNN, "model": {"name": "mlp", "layers": [{"type": "Dense", "units": 9}]}, "dataset": {"kind": "digits"}}
Forge = Callable[..., str]


def forge(
    store: Store,
    name: str,
    values: Mapping[str, object] = CNN,
    scores: Mapping[str, float] | None = None,
    curves: Mapping[str, list[float]] | None = None,
    status: str = "FINISHED",
    error: str | None = None,
    **tags: str,
) -> str:
    """Write a run as a training writes it, without training; returns its id. `parent` is the tag of that meaning."""
    named = {"mlflow.parentRunId" if key == "parent" else f"deeplab.{key}": value for key, value in tags.items()}
    log = RunLog.begin(store, name, values, {"deeplab.kind": "train", **named}, None)
    log.log_text("overrides.txt", "model=cnn\ntags.course='nn 101'\n")
    log.log_text("packages.txt", "keras==3.15.1\nnumpy==2.4.0\nzipp==1.0\n")
    log.log_bytes("plots/curves.png", b"png" * 1000)
    for key, line in (curves or {}).items():
        for epoch, value in enumerate(line, 1):
            log.metrics(epoch, {key: value})
    log.metrics(3, scores or {})
    if status == "RUNNING":
        log.flush()
        log.close()
    else:
        log.end(status, error)
    return log.run_id


def accuracies(validation: float, test: float) -> dict[str, float]:
    found = {"validation/accuracy": validation, "validation/loss": 1 - validation}
    return {**found, "test/accuracy": test, "test/loss": 1 - test, "time/training_seconds": 12.0}


CURVES = {
    "train/accuracy": [0.5, 0.8, 0.9],
    "val/accuracy": [0.6, 0.7, 0.8],
    "train/loss": [0.9, 0.5, 0.2],
    "val/loss": [0.8, 0.6, 0.65],
    "time/epoch_seconds": [2.0, 1.0, 3.0],
}


def fill(store: Store) -> dict[str, str]:
    """Runs of every kind; returns ids by name."""
    ids = {"conv": forge(store, "conv", CNN, accuracies(0.8, 0.79), CURVES, parameters="1234")}
    ids["dense"] = forge(store, "dense", MLP, accuracies(0.7, 0.69), CURVES)
    ids["sweep"] = forge(
        store,
        "a sweep",
        {"l2": "0.1, 0.2"},
        {"best/val/accuracy": 0.95, "best/test/accuracy": 0.94},
        kind="sweep",
        trials="2",
        best_point="l2=0.1",
    )
    family = {"kind": "trial", "parent": ids["sweep"], "sweep": ids["sweep"]}
    for number, score in enumerate((0.95, 0.9)):
        name = f"l2={number}.5 #1"
        found = accuracies(score, score - 0.01)
        ids[name] = forge(store, name, {**CNN, "l2": number / 10}, found, CURVES, **family)
    losses = {"validation/loss": 0.01, "test/mse": 0.02, "test/loss": 0.03}
    ids["coder"] = forge(store, "coder", {**CNN, "model": {"name": "coder"}}, losses)
    why = "The loss became NaN in epoch 2."
    ids["broken"] = forge(store, "broken", CNN, None, {"train/loss": [0.5]}, "FAILED", why)
    ids["noisy"] = forge(store, "noisy", {"model": {"name": "cnn"}}, {"test/accuracy": 0.5}, kind="noise")
    return ids


@pytest.fixture(scope="module")
def filled(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A store with runs of every kind that no test changes, and their ids by name."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    store = open_store(TrackingConfig(f"sqlite:///{folder}/mlflow.db", "deeplab", "all", "all"))
    return folder, fill(store)


@pytest.fixture
def ids(filled: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The ids of those runs by name; the working directory is theirs."""
    monkeypatch.chdir(filled[0])
    return filled[1]


@pytest.fixture
def own_store(folder: Path) -> Store:
    """An empty store in a working directory of the test's own."""
    return open_store(TrackingConfig(None, "deeplab", "all", "all"))


@pytest.fixture
def forged(own_store: Store) -> Forge:
    """Write a run into that store; see `forge`."""
    return partial(forge, own_store)
