"""Store a trained network as an MLflow model."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deeplab.tracking.artifacts import copy_in, open_folder
from deeplab.tracking.beside import Beside
from deeplab.tracking.delete import remove_models
from deeplab.tracking.store import Store

MODEL_PACKAGES = ("tensorflow", "keras", "numpy")


class ModelLog:
    """The model of a run, of which it has one: the newest."""

    def __init__(self, store: Store, run_id: str, params: Mapping[str, str], may_have_one: bool) -> None:
        """Log the models of a run with these params, which may have one already."""
        self._store, self._run_id, self._params, self._may_have_one = store, run_id, params, may_have_one
        self._lock = threading.Lock()

    def prepare(self, network: Any, input_shape: tuple[int, ...]) -> Callable[[], None]:
        """Save a network on this machine, and return what brings it into the store in the place of an earlier one."""
        bring = _prepare(self._store, self._run_id, self._params, network, input_shape)

        def replace() -> None:
            with self._lock:
                if self._may_have_one:
                    remove_models(self._store, self._run_id)
                self._may_have_one = True
                bring()

        return replace


def _prepare(
    store: Store, run_id: str, params: Mapping[str, str], network: Any, input_shape: tuple[int, ...]
) -> Callable[[], None]:
    """Save a network with its signature, in Keras' own format, on this machine.

    MLflow's own `Model.log` asks for the history of every metric, one after the other, and for the run.

    Args:
        params: of the run; the model has them, too.

    Returns:
        What brings it into the store, the only part that takes long where that is a server.
    """
    import mlflow.keras
    import numpy as np
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model, ModelSignature
    from mlflow.tracking.context.registry import resolve_tags
    from mlflow.types import Schema, TensorSpec

    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype("float32"), (-1, *input_shape))]),
        outputs=Schema([TensorSpec(np.dtype("float32"), (-1, *network.output_shape[1:]))]),
    )
    described = Model(run_id=run_id)
    scratch = tempfile.mkdtemp()
    folder = Path(scratch, "model")
    # MLflow would load the model in a new process to find these out.
    requirements = [f"{package}=={version(package)}" for package in MODEL_PACKAGES]
    try:
        mlflow.keras.save_model(
            network, str(folder), mlflow_model=described, signature=signature, pip_requirements=requirements
        )
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise

    def bring() -> None:
        client, writing = store.client, Beside(store.place.is_server)
        try:
            model = client.create_logged_model(store.experiment_id, "model", run_id, resolve_tags(), {**params})
            described.artifact_path = model.artifact_location
            described.model_uuid = described.model_id = model.model_id
            described.save(str(folder / "MLmodel"))
            files = open_folder(store, model.artifact_location)
            writing.do(client.log_outputs, run_id, [LoggedModelOutput(model.model_id, step=0)])
            for file in sorted(file for file in folder.rglob("*") if file.is_file()):
                writing.do(copy_in, files, file.relative_to(folder).as_posix(), file)
            writing.wait()
            client.finalize_logged_model(model.model_id, "READY")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    weakref.finalize(bring, shutil.rmtree, scratch, ignore_errors=True)  # it may never be called
    return bring
