"""Small trained runs that several test files use and none changes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

SMALL = ("dataset.image_size=12", "dataset.limit=400", "optimizer=adam", "tracking.plots=none")


class Trained(NamedTuple):
    """A store with runs, and the overrides that lead to it."""

    folder: Path
    uri: str
    ids: dict[str, str]

    def artifact(self, name: str, path: str) -> Path:
        """A file of a run, where it lies."""
        found = [*self.folder.glob(f"mlruns/**/{self.ids[name]}/artifacts/{path}")]
        return found[0]

    def model(self, name: str) -> Path:
        """The model file of a run, where it lies."""
        import mlflow

        client = mlflow.MlflowClient(self.uri.removeprefix("tracking.uri="))
        experiment = client.get_experiment_by_name("deeplab")
        (model,) = client.search_logged_models([experiment.experiment_id], f"source_run_id = '{self.ids[name]}'")
        return Path(model.artifact_location.removeprefix("file://")) / "data" / "model.keras"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Trained:
    """Runs named digits, photos, points, denoiser and unsaved."""
    from deeplab.config.compose import compose
    from deeplab.workflows.train import train

    folder = tmp_path_factory.mktemp("trained")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    uri = f"tracking.uri=sqlite:///{folder / 'mlflow.db'}"
    rng = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(0, 90, (10, 14, 3)).astype(np.uint8)
            pixels[..., channel] += 150
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.png")
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    np.savez(folder / "points.npz", x_train=x[:80], y_train=y[:80], x_test=x[80:], y_test=y[80:])
    wanted = {
        "digits": ("model=dense_relu", *SMALL, "training.epochs=4"),
        "photos": ("model=dense_relu", "dataset=image_folder", f"dataset.path={folder}/photos", "dataset.image_size=8"),
        "points": ("model=mlp_64_64", "dataset=npz", f"dataset.path={folder}/points.npz"),
        "denoiser": ("model=autoencoder", "noise=salt_and_pepper", *SMALL, "training.epochs=1"),
        "unsaved": ("model=dense_relu", *SMALL, "tracking.save_model=none"),
    }
    common = (uri, "tracking.plots=none", "training.epochs=2", "training.batch_size=32", "optimizer=adam")
    ids = {name: train(compose([*common, *given, f"name={name}"])).run_id for name, given in wanted.items()}
    return Trained(folder, uri, ids)


@pytest.fixture
def use(
    trained: Trained, cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run a command on the trained runs, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: cli(*arguments, trained.uri)
