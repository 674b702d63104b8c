"""Read back what a run left behind."""

import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeplab.config.errors import UserError
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


def read_artifact(store: Store, run: "Run", path: str) -> bytes | None:
    """A file among the artifacts of a run, or None where it has none of that name."""
    import mlflow
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            uri = f"runs:/{run.info.run_id}/{path}"
            found = mlflow.artifacts.download_artifacts(uri, dst_path=folder, tracking_uri=store.place.uri)
            return Path(found).read_bytes()
        except (MlflowException, OSError):
            return None


def load_network(store: Store, run: "Run") -> Any:
    """The trained network of a run, a plain Keras model.

    Keras' safe mode refuses a file that would run code.

    Raises:
        UserError: the run has no model, or it cannot be read.
    """
    import keras
    import mlflow
    from mlflow.exceptions import MlflowException

    name = f"{run.info.run_name} ({run.info.run_id[:8]})"
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = mlflow.artifacts.download_artifacts(
                f"runs:/{run.info.run_id}/model", dst_path=folder, tracking_uri=store.place.uri
            )
        except (MlflowException, OSError) as error:
            raise UserError(
                f"Run {name} has no model; it was made with tracking.save_model=none or ended early, "
                "or its files were deleted."
            ) from error
        file = Path(path) / "data" / "model.keras"
        if not file.is_file():
            raise UserError(f"The model of run {name} has lost its file data/model.keras.")
        try:
            return keras.saving.load_model(file, safe_mode=True)
        except DAMAGE as error:
            raise UserError(f"The model of run {name} cannot be read: {reason(error)[:200]}") from error
