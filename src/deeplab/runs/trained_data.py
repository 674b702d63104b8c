"""The data set a run was trained on, read again, and whether its network is for what a command does."""

from deeplab.config.errors import UserError
from deeplab.config.schema import PLANE_KINDS
from deeplab.config.tasks import TaskName
from deeplab.data.load import load
from deeplab.data.splits import DatasetInfo, Splits
from deeplab.runs.trained import Trained


def load_data(trained: Trained) -> Splits:
    """The data set of a run, without the noise that it may have been trained with.

    Raises:
        UserError: it is gone, or is not what the network was trained on.
    """
    splits = load(trained.composed().config.dataset, trained.store.place.work_folder)
    if trained.run.data.tags.get("deeplab.dataset_sha256") != splits.info.fingerprint:
        raise other_data(splits.info, trained.name)
    return splits


def other_data(info: DatasetInfo, run: str) -> UserError:
    """The error for a run whose data set has become another.

    Args:
        info: of the data set as it is now.
        run: that was trained on it as it was.
    """
    drawn = info.name in PLANE_KINDS
    cure = "deeplab drew other points then. Train anew." if drawn else "Put the old data back, or train anew."
    return UserError(f"The data set {info.name} is not what run {run} was trained on: its SHA-256 differs. {cure}")


def check_task(trained: Trained, task: TaskName, asked: str) -> None:
    """Refuse a network that is for something else.

    Args:
        trained: the run that was given.
        task: what its network must be for.
        asked: the option or command that needs it, for the message.

    Raises:
        UserError: it is for something else.
    """
    found = trained.run.data.params.get("model.task")
    if found is None:
        raise UserError(f"{asked} takes a network for {task}; run {trained.name} trained none.")
    if found != task:
        raise UserError(f"{asked} takes a network for {task}; that of run {trained.name} is for {found}.")
