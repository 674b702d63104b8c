"""Read back what a run left behind."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeplab.errors import UserError
from deeplab.tracking.locations import current, local_path
from deeplab.tracking.provenance import PACKAGES_FILE
from deeplab.tracking.sqlite import SqliteRun
from deeplab.tracking.store import Store, reason

if TYPE_CHECKING:
    from mlflow.entities import Run

# What Keras, zipfile and h5py raise on a model file that is damaged.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    EOFError,
    RuntimeError,
    ImportError,
    struct.error,
)
EPOCH_METRICS = ("train/", "val/", "time/epoch_seconds", "time/step_ms", "learning_rate")


def read_artifact(store: Store, run: "Run", path: str) -> bytes | None:
    """A file among the artifacts of a run, or None where it has none of that name."""
    here = local_path(current(run.info.artifact_uri, store.moves))
    if here is not None:
        try:
            return (here / path).read_bytes()
        except OSError:
            return None
    import mlflow
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            uri = f"runs:/{run.info.run_id}/{path}"
            found = mlflow.artifacts.download_artifacts(uri, dst_path=folder, tracking_uri=store.place.uri)
            return Path(found).read_bytes()
        except (MlflowException, OSError):
            return None


def read_packages(store: Store, run: "Run") -> dict[str, str]:
    """The versions of all that was installed when a run began, by package; empty where it did not keep them."""
    text = (read_artifact(store, run, PACKAGES_FILE) or b"").decode(errors="replace")
    return dict(line.split("==", 1) for line in text.splitlines() if "==" in line)


def read_history(store: Store, run: "Run") -> dict[str, dict[int, float]]:
    """What a run has logged epoch by epoch: metrics by name, each from epoch to value."""
    found: dict[str, dict[int, float]] = {}
    for key in sorted(run.data.metrics):
        if key.startswith(EPOCH_METRICS):
            found[key] = dict(metric_history(store, run.info.run_id, key))
    return found


def last_steps(run: "Run") -> dict[str, int]:
    """The step at which each metric of a run was logged last."""
    if isinstance(run, SqliteRun):
        return run.data.steps
    # MLflow's own dictionary of metrics forgets their steps.
    return {metric.key: metric.step for metric in run.data.to_proto().metrics}


def metric_history(store: Store, run_id: str, key: str) -> list[tuple[int, float]]:
    """Every logged step and value of a metric, by step."""
    if store.reader is not None:
        return store.reader.history(run_id, key)
    history = store.client.get_metric_history(run_id, key)
    return [(metric.step, metric.value) for metric in sorted(history, key=lambda metric: metric.step)]


def list_files(store: Store, location: str) -> list[tuple[str, int]]:
    """The files of a folder of the artifact store: path within it and size in bytes; none where it is gone."""
    folder = local_path(current(location, store.moves))
    if folder is not None:
        try:
            found = sorted(path for path in folder.rglob("*") if path.is_file())
            return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in found]
        except OSError:  # it goes while it is looked at
            return []
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files: Any = get_artifact_repository(location)

    def walk(path: str | None) -> Iterator[tuple[str, int]]:
        for each in files.list_artifacts(path):
            if each.is_dir:
                yield from walk(each.path)
            else:
                yield each.path, int(each.file_size or 0)

    try:
        return list(walk(None))
    except (MlflowException, OSError):
        return []


def model_locations(store: Store, run_id: str) -> list[str]:
    """The folders of the artifact store that hold the models of a run, the newest first."""
    if store.reader is not None:
        return store.reader.model_locations(run_id)
    models = store.client.search_logged_models([store.experiment_id], filter_string=f"source_run_id = '{run_id}'")
    return [str(model.artifact_location) for model in models]


def load_network(store: Store, run: "Run") -> Any:
    """The trained network of a run, a plain Keras model.

    Keras' safe mode refuses a file that would run code.

    Raises:
        UserError: the run has no model, or it cannot be read.
    """
    import keras

    name = f"{run.info.run_name} ({run.info.run_id[:8]})"
    with tempfile.TemporaryDirectory() as scratch:
        folder = _model_folder(store, run.info.run_id, scratch)
        if folder is None:
            raise UserError(
                f"Run {name} has no model; it was made with tracking.save_model=none or ended early, "
                "or its files were deleted."
            )
        file = folder / "data" / "model.keras"
        if not file.is_file():
            raise UserError(f"The model of run {name} has lost its file data/model.keras.")
        try:
            return keras.saving.load_model(file, safe_mode=True)
        except DAMAGE as error:
            raise UserError(f"The model of run {name} cannot be read: {reason(error)[:200]}") from error


def _model_folder(store: Store, run_id: str, scratch: str) -> Path | None:
    """The newest model of a run: where it lies on this machine, otherwise brought to a folder; None without one."""
    for location in model_locations(store, run_id):
        folder = local_path(current(location, store.moves))
        if folder is not None and folder.is_dir():
            return folder
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        uri = f"runs:/{run_id}/model"
        return Path(mlflow.artifacts.download_artifacts(uri, dst_path=scratch, tracking_uri=store.place.uri))
    except (MlflowException, OSError):
        return None
