"""What `model.task: auto` stands for: the task that the rows are for."""

import csv
import io
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

from deeplab.code.file import declared
from deeplab.config.schema import NAMED_DATASETS, PLANE_KINDS, TABLE_KINDS
from deeplab.errors import UserError
from deeplab.files import DAMAGE, array_header
from deeplab.tasks import TASKS, TaskName

AUTO = "auto"
LARGEST_HEAD = 16 << 10  # bytes; numpy reads none beyond 10,000 characters
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TASKS: dict[str, TaskName] = {
    **dict.fromkeys(("digits", *NAMED_DATASETS, "cifar100", *PLANE_KINDS), "classification"),
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
    if kind in ("npz", "image_folder"):
        return "regression" if _has_values(dataset) else "classification"
    if kind == "csv" or kind in TABLE_KINDS:
        from deeplab.tables import target_task  # which imports NumPy

        return target_task(dataset)
    if kind in (own := declared("dataset")):
        return "regression" if own[kind].settings["task"] == "regression" else "classification"
    if kind not in _TASKS and "options" in dataset:  # of a package
        raise UserError(
            f"model.task=auto: deeplab does not know what the rows of dataset.kind={kind} are for; "
            "give model.task=classification or model.task=regression."
        )
    return _TASKS.get(kind, "classification")  # a data set that there is not is refused for itself


def _has_values(dataset: dict[str, Any]) -> bool:
    """Whether the labels of an archive or of a folder are values; what is wrong with them is told on loading."""
    if dataset.get("labels", "auto") != "auto":
        return bool(dataset["labels"] == "values")
    try:
        path = Path(str(dataset.get("path"))).expanduser()
        if dataset["kind"] == "npz":
            return path.is_file() and dataset.get("class_names") is None and _archive_has_values(path)
        files = [path / part / "labels.csv" for part in (".", "train")]
        return any(_file_has_values(file) for file in files if file.is_file())
    except (*DAMAGE, UnicodeError, csv.Error):
        return False


def _archive_has_values(path: Path) -> bool:
    """Whether the first of `y_train` are floats, and where a row has several, not those of one-hot classes."""
    with warnings.catch_warnings(), zipfile.ZipFile(path) as archive, archive.open("y_train.npy") as stream:
        warnings.simplefilter("ignore")  # of heads that Python 2 wrote
        head = io.BytesIO(stream.read(LARGEST_HEAD))
    shape, dtype = array_header(head)
    if dtype.kind != "f" or len(shape) < 2 or shape[1] < 2:
        return dtype.kind == "f"
    size = dtype.itemsize
    content = head.read()
    values = (content[start : start + size] for start in range(0, len(content) - size + 1, size))
    return not all(value in (b"\0" * size, dtype.type(1).tobytes()) for value in values)


def _file_has_values(path: Path) -> bool:
    """Whether the first labels of a `labels.csv` are decimal numbers."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.DictReader(io.StringIO(stream.read(LARGEST_HEAD).rpartition("\n")[0], newline=""))
        labels = [(line.get("label") or "").strip() for line in lines]
    return bool(labels) and all(map(_NUMBER.fullmatch, labels)) and not all(map(str.isdigit, labels))
