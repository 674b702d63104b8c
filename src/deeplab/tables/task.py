"""What is to be predicted of a table: classes or numbers, told from the target's own values."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from deeplab.files import existing_file
from deeplab.tables.columns import Column
from deeplab.tables.read import TextFormat, read_table
from deeplab.tasks import TaskName

BUILT_IN: dict[str, TaskName] = {
    "iris": "classification",
    "wine": "classification",
    "breast_cancer": "classification",
    "diabetes": "regression",
}
MOST_CLASSES = 20  # that whole numbers are taken for without being told


def has_class_values(target: Column) -> bool:
    """Whether the values of a column are taken for classes: texts, booleans, or whole numbers with few values.

    Few are at most MOST_CLASSES, each in two rows or more as a mean.
    """
    if target.kind in ("category", "boolean"):
        return True
    if target.kind != "number":
        return False
    numbers = target.numbers()[~target.missing]
    if numbers.dtype.kind == "f" and (np.rint(numbers) != numbers).any():
        return False
    return len(np.unique(numbers)) <= min(MOST_CLASSES, len(numbers) / 2)


def target_task(dataset: Mapping[str, Any]) -> TaskName:
    """What a network is for that is trained on a table.

    Args:
        dataset: the group `dataset` of a configuration, not checked yet; its kind is `csv` or one of BUILT_IN.

    Returns:
        `classification` or `regression`; the former where something is missing or wrong, which the schema will tell.

    Raises:
        UserError: the file cannot be read, or has no such column.
    """
    if dataset.get("kind") in BUILT_IN:
        return BUILT_IN[dataset["kind"]]
    target = dataset.get("target")
    if isinstance(target, list | tuple):
        if len(target) != 1:
            return "regression"
        target = target[0]
    words = [dataset.get("path"), target, *(dataset.get(key) for key in ("separator", "decimal", "encoding"))]
    if not all(isinstance(word, str) and word for word in words):
        return "classification"
    path, name, separator, decimal, encoding = map(str, words)
    state = existing_file(path, "dataset.path").stat()
    changed = (state.st_ino, state.st_size, state.st_mtime_ns)
    is_class = _is_class(path, name, TextFormat(separator, decimal, encoding), changed)
    return "classification" if is_class else "regression"


@lru_cache(maxsize=64)
def _is_class(path: str, target: str, form: TextFormat, changed: tuple[int, ...]) -> bool:  # noqa: ARG001  (a key)
    """Whether the target of a file is a class; asked for each configuration, and read once."""
    frame = read_table(path, "dataset.path", form, only=[target]).frame
    return has_class_values(Column(frame, target, f"dataset.path={path}"))
