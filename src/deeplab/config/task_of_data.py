"""What `model.task: auto` stands for: the task that the rows are for."""

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

from deeplab.config.schema import NAMED_DATASETS, PLANE_KINDS, TABLE_KINDS
from deeplab.errors import UserError
from deeplab.files import DAMAGE, array_header
from deeplab.tasks import TASKS, TaskName

AUTO = "auto"
LARGEST_HEAD = 16 << 10  # bytes; numpy reads none beyond 10,000 characters
_TASKS: dict[str, TaskName] = {
    **dict.fromkeys(("digits", *NAMED_DATASETS, *PLANE_KINDS, "image_folder"), "classification"),
    **dict.fromkeys(("plane", "bumps"), "regression"),
}


def settle_task(values: dict[str, Any]) -> dict[str, Any]:
    """A composed configuration, not checked yet, whose task is one; so is that of a table, which takes it over.

    Args:
        values: composed; what is wrong with the data set is said when it is checked or read.

    Raises:
        UserError: only the package that brings the rows along knows what they are for.
    """
    model, dataset = values.get("model"), values.get("dataset")
    if not isinstance(model, dict) or model.get("task") != AUTO:
        return values
    rows: dict[str, Any] = dataset if isinstance(dataset, dict) else {}
    said = rows.get("task")
    task = said if said in [*TASKS] else _task_of(rows)
    settled = {**values, "model": {**model, "task": task}}
    return {**settled, "dataset": {**rows, "task": task}} if said == AUTO else settled


def _task_of(dataset: dict[str, Any]) -> TaskName:
    kind = str(dataset.get("kind"))
    if kind == "npz":
        return "regression" if _has_values(str(dataset.get("path"))) else "classification"
    if kind == "csv" or kind in TABLE_KINDS:
        from deeplab.tables import target_task  # which imports NumPy

        return target_task(dataset)
    if kind not in _TASKS and "options" in dataset:  # of a package
        raise UserError(
            f"model.task=auto: deeplab does not know what the rows of dataset.kind={kind} are for; "
            "give model.task=classification or model.task=regression."
        )
    return _TASKS.get(kind, "classification")  # a data set that there is not is refused for itself


def _has_values(text: str) -> bool:
    """Whether `y_train` of an archive holds floats, by its head; what is wrong with the file is told on loading."""
    try:
        path = Path(text).expanduser()
        if not path.is_file():
            return False
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive, archive.open("y_train.npy") as stream:
            warnings.simplefilter("ignore")  # of heads that Python 2 wrote
            return array_header(io.BytesIO(stream.read(LARGEST_HEAD)))[1].kind == "f"
    except DAMAGE:
        return False
