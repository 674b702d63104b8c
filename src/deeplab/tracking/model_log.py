"""Store a trained network as an MLflow model."""

import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from deeplab.tracking.store import Store

MODEL_PACKAGES = ("tensorflow", "keras", "numpy")


def prepare_model(store: Store, run_id: str, network: Any, input_shape: tuple[int, ...]) -> Callable[[], None]:
    """Save a network with its signature, in Keras' own format, on this machine.

    MLflow's own `Model.log` asks for the history of every metric, one after the other, and for the run.

    Returns:
        What brings it into the store, the only part that takes long where that is a server.
    """
    import mlflow.keras
    import numpy as np
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model, ModelSignature
    from mlflow.tracking.context.registry import resolve_tags
    from mlflow.types import Schema, TensorSpec

    client = store.client
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype("float32"), (-1, *input_shape))]),
        outputs=Schema([TensorSpec(np.dtype("float32"), (-1, *network.output_shape[1:]))]),
    )
    params = client.get_run(run_id).data.params
    model = client.create_logged_model(store.experiment_id, "model", run_id, resolve_tags(), params)
    described = Model(
        artifact_path=model.artifact_location, model_uuid=model.model_id, run_id=run_id, model_id=model.model_id
    )
    folder = tempfile.mkdtemp()
    # MLflow would load the model in a new process to find these out.
    requirements = [f"{package}=={version(package)}" for package in MODEL_PACKAGES]
    try:
        mlflow.keras.save_model(
            network, f"{folder}/model", mlflow_model=described, signature=signature, pip_requirements=requirements
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise

    def bring() -> None:
        try:
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
            client.log_model_artifacts(model.model_id, f"{folder}/model")
            client.finalize_logged_model(model.model_id, "READY")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return bring
