"""What is looked at: a row of the test set, or an image file as such a row."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from deeplab.data.add_noise import add_noise
from deeplab.data.images.decode import quiet_pillow
from deeplab.data.images.placement import MODES, fit_image
from deeplab.data.input_spec import InputSpec
from deeplab.errors import UserError
from deeplab.workflows.trained_run import TrainedRun, load_data

LONGEST_NUMBER = 100  # digits; Python reads no number of thousands of them


@dataclass(frozen=True)
class ExplainInput:
    """One row as a network gets it."""

    name: str  # for a person
    folder: str  # of its pictures, among the artifacts of the run
    row: NDArray[Any]  # as the network gets it, with noise where it was trained with noise
    clean: NDArray[Any]  # the same without noise
    label: int | None  # its class, or None where it is not known
    correct: str | None  # what a network should say of it, or None where it is not known


def find_input(what: str, trained: TrainedRun, facts: InputSpec) -> ExplainInput:
    """The row that is meant: by its number in the test set, from 0, or as the path of a PNG or JPEG file."""
    is_number = what.isdecimal() and len(what) <= LONGEST_NUMBER
    return _test_row(int(what), trained) if is_number else _file(what, facts)


def _test_row(index: int, trained: TrainedRun) -> ExplainInput:
    config = trained.composed().config
    splits = add_noise(load_data(trained), config.noise, config.seed)
    if index >= len(splits.test):
        raise UserError(
            f"Row {index}: the test set of run {trained.name} ({splits.info.name}) "
            f"has rows 0 to {len(splits.test) - 1}."
        )
    at = slice(index, index + 1)
    label, correct = None, None
    if config.model.task == "classification":
        label = int(splits.test.labels[index])
        correct = splits.info.class_names[label]
    elif config.model.task == "regression":
        correct = ", ".join(f"{value:g}" for value in splits.info.numbers(splits.test.labels[at])[0])
    noise = "" if splits.test.noise is None else " with noise"
    return ExplainInput(
        f"test row {index}{noise}",
        f"explain/test-{index}",
        splits.test.inputs(at)[0],
        splits.test.images(at)[0],
        label,
        correct,
    )


def _file(what: str, facts: InputSpec) -> ExplainInput:
    if not facts.info.is_image:
        raise UserError(f"{what}: the rows of {facts.info.name} are no images. Give the number of a test row, from 0.")
    if facts.info.input_shape[2] not in MODES:
        raise UserError(
            f"{what}: the rows of {facts.info.name} have {facts.info.input_shape[2]} channels, and no file has."
        )
    path = _existing(what)
    with quiet_pillow():
        placed = fit_image(path, facts)
    marks = (", inverted" if placed.inverted else "") + (", with nothing to be seen," if placed.blank else "")
    # A path among artifacts has no room for what a file name may hold.
    folder = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.name).strip(".-") or "image"
    return ExplainInput(path.name + marks, f"explain/{folder}", placed.row, placed.row, None, None)


def _existing(what: str) -> Path:
    try:
        path = Path(what).expanduser()
        if path.exists():
            return path
    except (OSError, RuntimeError):
        pass  # too long a name, or the home of nobody
    raise UserError(f"{what}: there is no such file. Give a PNG or JPEG image, or the number of a test row, from 0.")
