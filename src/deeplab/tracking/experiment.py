"""The MLflow experiment that the runs of a store belong to."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from deeplab.errors import UserError
from deeplab.tracking.artifact_locations import is_inside, local_path
from deeplab.tracking.notice import tell
from deeplab.tracking.relocate import BESIDE
from deeplab.tracking.sqlite import StoredExperiment
from deeplab.tracking.tags import BESIDE_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment


def find_or_create(client: "MlflowClient", name: str, files: Path | None, address: str) -> "Experiment":
    """The experiment of this name.

    Args:
        files: the folder for those of its runs, or None where a server sees to that.
        address: of the store, as it is shown.
    """
    bound = address.startswith("sqlite:")
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # An absolute folder, so that the runs' files are found from any working directory.
        location = None if files is None else files.as_uri()
        tags = {BESIDE_TAG: BESIDE} if bound else None
        return client.get_experiment(client.create_experiment(name, location, tags))
    check_not_deleted(experiment, name, address)
    if bound and local_path(experiment.artifact_location) == files and BESIDE_TAG not in experiment.tags:
        client.set_experiment_tag(experiment.experiment_id, BESIDE_TAG, BESIDE)
    return experiment


def tell_outside(experiment: "Experiment", folder: Path) -> None:
    """Tell that what is written goes to another place than the folder of the store."""
    files = local_path(experiment.artifact_location)
    if files is not None and not is_inside(files, folder):
        tell(
            f"The files of runs of experiment '{experiment.name}' go to {files.resolve()}, outside the store {folder}."
        )


def check_not_deleted(experiment: "Experiment | StoredExperiment", name: str, address: str) -> None:
    """Say how an experiment comes back that was deleted."""
    if experiment.lifecycle_stage == "deleted":
        restore = f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
        raise UserError(
            f"tracking.experiment: '{name}' is deleted in the store {address}, with its runs. Restore it with "
            f"MLFLOW_TRACKING_URI={shlex.quote(address)} {restore} or give another name."
        )
