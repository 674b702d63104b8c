"""The data set a run was trained on, read again, and whether its network is for what a command does."""

from deeplab.config.errors import UserError
from deeplab.config.tasks import TaskName
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.runs.trained import Trained


def load_data(trained: Trained) -> Splits:
    """The data set of a run, without the noise that it may have been trained with.

    Raises:
        UserError: it is gone, or is not what the network was trained on.
    """
    splits = load(trained.composed().config.dataset, trained.store.place.work_folder)
    if trained.run.data.tags.get("deeplab.dataset_sha256") != splits.info.fingerprint:
        raise UserError(
            f"The data set {splits.info.name} is not what run {trained.name} was trained on: its SHA-256 differs. "
            "Put the old data back."
        )
    return splits


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
