"""The files of runs: read, listed, and written beside those of a run that has ended."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deeplab.code.file import check_consent, own_layers
from deeplab.errors import UserError
from deeplab.tracking.artifact_locations import current, local_path
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, first_line
from deeplab.tracking.tags import CODE_FILE_TAG, CODE_TAG

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


CODE_FOLDER = "code"  # where a run keeps the file that it was trained with


def put_file(store: Store, run: Run, path: str, content: bytes) -> None:
    """Store a file among the artifacts of a run that has ended, unless they lie outside the store."""
    check_own(store, run)
    put_bytes(open_folder(store, run.artifact_uri), path, content)


def open_folder(store: Store, location: str) -> Any:
    """MLflow's way into a folder of the artifact store; its client would ask for the run first."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(location, tracking_uri=store.place.uri)


def put_bytes(files: Any, path: str, content: bytes) -> None:
    """Store bytes under this path in a folder of `open_folder`."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / Path(path).name
        file.write_bytes(content)
        copy_in(files, path, file)


def copy_in(files: Any, path: str, file: Path) -> None:
    """Store a file, which has the name that the path ends in, under this path in a folder of `open_folder`."""
    folder = str(Path(path).parent)
    files.log_artifact(str(file), None if folder == "." else folder)


def read_artifact(store: Store, run: Run, path: str) -> bytes | None:
    """A file among the artifacts of a run, or None where it has none of that name."""
    here = local_path(current(run.artifact_uri, store.moves))
    if here is not None:
        try:
            return (here / path).read_bytes()
        except OSError:
            return None
    import mlflow
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            if run.artifact_uri.startswith("mlflow-artifacts:"):
                # MLflow would ask the server for the run, for a listing and for an address before.
                file = Path(folder) / "file"
                open_folder(store, run.artifact_uri)._download_file(path, str(file))
                return file.read_bytes()
            uri = f"runs:/{run.id}/{path}"
            copy = mlflow.artifacts.download_artifacts(uri, dst_path=folder, tracking_uri=store.place.uri)
            return Path(copy).read_bytes()
        except (MlflowException, OSError):
            return None


def list_files(store: Store, location: str) -> list[tuple[str, int]]:
    """The files of a folder of the artifact store: path within it and size in bytes; none where it is gone."""
    folder = local_path(current(location, store.moves))
    if folder is not None:
        try:
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
        except OSError:  # it goes while it is looked at
            return []
    from mlflow.exceptions import MlflowException

    def walk(files: Any, path: str | None) -> Iterator[tuple[str, int]]:
        for each in files.list_artifacts(path):
            if each.is_dir:
                yield from walk(files, each.path)
            else:
                yield each.path, int(each.file_size or 0)

    try:
        return list(walk(open_folder(store, location), None))
    except (MlflowException, OSError):
        return []


def model_locations(store: Store, run_id: str) -> list[str]:
    """The folders of the artifact store that hold the models of a run, the newest first."""
    if store.reader is not None:
        return store.reader.model_locations(run_id)
    models = store.client.search_logged_models([store.experiment_id], filter_string=f"source_run_id = '{run_id}'")
    return [str(model.artifact_location) for model in models]


def load_network(store: Store, run: Run) -> Any:
    """The trained network of a run, a plain Keras model; a UserError where there is none or it cannot be read.

    Keras' safe mode refuses a file that would run code; layers of the run's own are those of the file in force.
    """
    import keras

    check_code(store, run)

    with tempfile.TemporaryDirectory() as scratch:
        folder = _model_folder(store, run.id, scratch)
        if folder is None:
            raise UserError(
                f"Run {run.label} has no model; it was made with tracking.save_model=none or ended early, "
                "or its files were deleted."
            )
        file = folder / "data" / "model.keras"
        if not file.is_file():
            raise UserError(f"The model of run {run.label} has lost its file data/model.keras.")
        try:
            return keras.saving.load_model(file, custom_objects=own_layers(), safe_mode=True)
        except DAMAGE as error:
            raise UserError(f"The model of run {run.label} cannot be read: {first_line(error)[:200]}") from error


def check_code(store: Store, run: Run) -> None:
    """Refuse to use a run that was trained with code of its own, unless that very file is in force."""
    name = run.tags.get(CODE_FILE_TAG, "")
    folder = local_path(current(run.artifact_uri, store.moves))
    fetched = f"mlflow artifacts download --run-id {run.id} --artifact-path {CODE_FOLDER}/{name}"
    copy = fetched if folder is None else str(folder / CODE_FOLDER / name)
    check_consent(run.tags.get(CODE_TAG), name, f"Run {run.label}", copy)


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


def check_own(store: Store, run: Run) -> None:
    """Refuse to write into a run whose files are not in the store: they are those of the store it was copied from."""
    folder = local_path(run.artifact_uri)
    if store.place.database is not None and folder is not None and not store.owns(folder):
        raise UserError(
            f"The files of run {run.label} lie outside the store {store.place.folder}, "
            f"in {folder}, and nothing is written there. Copy the store with its mlruns folder, or train anew."
        )
