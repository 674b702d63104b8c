"""Where the rows of a script come from: code that makes `x_train`, `y_train`, `x_test` and `y_test`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeplab.config.schema import (
    DatasetConfig,
    DigitsConfig,
    NamedDatasetConfig,
    NpzConfig,
    PlaneConfig,
)
from deeplab.data import digits
from deeplab.data.benchmarks import find_archive
from deeplab.data.npz import read_archive
from deeplab.data.plane.load import CLASSES, VALUES
from deeplab.data.splits import Splits
from deeplab.data.stratify import stratified_split
from deeplab.data.tables import built_in
from deeplab.data.validate_arrays import SPLIT_SEED
from deeplab.errors import UserError
from deeplab.workflows.export.script.expressions import Call, Raw, assignment, code

NOT_YET = {
    "csv": "its columns become features by rules that a script would have to repeat",
    "image_folder": "its files become images by rules that a script would have to repeat",
    "cifar100": "the superclasses of its classes are a table of deeplab's",
}
# What a network is told of a point (x1, x2), by the words of dataset.inputs.
PLANE_INPUTS = {
    "x1": "x1",
    "x2": "x2",
    "x1_squared": "x1**2",
    "x2_squared": "x2**2",
    "x1_x2": "x1 * x2",
    "sin_x1": "np.sin(x1)",
    "sin_x2": "np.sin(x2)",
}


@dataclass(frozen=True)
class Source:
    """Code that reads the data."""

    imports: tuple[str, ...]  # lines that it needs
    packages: tuple[str, ...]  # that those are of, as pip calls them
    says: str  # what the code does, for a person
    code: str  # makes `x_train`, `y_train`, `x_test`, `y_test` and maybe `x_val`, `y_val`: before any limit
    functions: tuple[Callable[..., Any], ...] = ()  # of deeplab that the code calls, to be pasted before it


def source_of(config: DatasetConfig, splits: Splits) -> Source:
    """Write how to read a data set.

    Args:
        config: the group `dataset`.
        splits: what it says, read.

    Raises:
        UserError: there is no way to read it without deeplab.
    """
    if isinstance(config, DigitsConfig):
        return _digits(config)
    if isinstance(config, PlaneConfig):
        return _plane(config)
    if config.kind in built_in.TARGETS:
        return _table(config.kind, len(splits.train.y))
    if isinstance(config, NpzConfig | NamedDatasetConfig) or getattr(config, "labels", "") == "fine":
        return _archive(config, splits)
    reason = NOT_YET.get(config.kind, "a package of its own reads it")
    raise UserError(f"dataset={config.kind}: there is no script without deeplab yet: {reason}.")


def _digits(config: DigitsConfig) -> Source:
    lines = f"""
source = load_digits()
x = np.stack([resize(image, {config.image_size}) for image in source.images])[..., None]
y = source.target
train, test = stratified_split(y, {digits.TEST_FRACTION}, np.random.default_rng({digits.SPLIT_SEED}))
x_train, y_train, x_test, y_test = x[train], y[train], x[test], y[test]
"""
    return Source(
        ("from PIL import Image", "from sklearn.datasets import load_digits"),
        ("scikit-learn", "pillow"),
        "1,797 handwritten digits of 8x8 pixels, made larger; of each class the same share is for testing.",
        lines.strip(),
        (digits.resize, stratified_split),
    )


def _table(kind: str, rows: int) -> Source:
    head, foot = f"source = load_{kind}", "x_train, y_train, x_test, y_test = x[train], y[train], x[test], y[test]"
    functions: tuple[Callable[..., Any], ...] = ()
    if kind == "diabetes":
        head += "(scaled=False)\ny = source.target.astype(np.float32)"
        divided = _drawn(rows, built_in.TEST_FRACTION, built_in.SPLIT_SEED)
    else:
        head += (
            "()\n# Classes are numbered by the alphabet.\n"
            "names, y = np.unique(source.target_names[source.target], return_inverse=True)"
        )
        divided = _stratified("y", built_in.TEST_FRACTION, built_in.SPLIT_SEED)
        functions = (stratified_split,)
    says = f"The table {kind} of scikit-learn; a fifth of its rows is for testing."
    lines = "\n".join([head, "x = source.data.astype(np.float32)", divided, foot])
    return Source((f"from sklearn.datasets import load_{kind}",), ("scikit-learn",), says, lines, functions)


def _stratified(labels: str, fraction: float, seed: int) -> str:
    return f"train, test = stratified_split({labels}, {fraction}, np.random.default_rng({seed}))"


def _drawn(rows: int, fraction: float, seed: int) -> str:
    count = min(max(round(rows * fraction), 1), rows - 1)
    return f"order = np.random.default_rng({seed}).permutation({rows})\ntrain, test = order[{count}:], order[:{count}]"


def _plane(config: PlaneConfig) -> Source:
    has_classes = config.kind in CLASSES
    function = (CLASSES if has_classes else VALUES)[config.kind]
    columns = [Raw(PLANE_INPUTS[name]) for name in config.inputs]
    stacked = assignment("x", Call("np.stack", (columns,), {"axis": 1}))
    lines = f"""
rng = np.random.default_rng({config.seed})
points, y = {config.kind}({config.points}, {config.noise}, rng)
order = rng.permutation({config.points})
x1, x2 = points[order].T
{stacked}
x = x.astype(np.float32)
y = y[order].astype(np.{"int32" if has_classes else "float32"})
x_train, y_train = x[:{config.train_points}], y[:{config.train_points}]
x_test, y_test = x[{config.train_points}:], y[{config.train_points}:]
"""
    says = "Points of the plane, drawn as the TensorFlow Playground draws them, and what the network is told of each."
    return Source((), (), says, lines.strip(), (function,))


def _archive(config: Any, splits: Splits) -> Source:
    """An `.npz`: each array as it is stored, brought to what a network takes."""
    is_named = not isinstance(config, NpzConfig)
    path = find_archive(config) if is_named else Path(config.path).expanduser()
    stored = read_archive(path, f"dataset={config.kind}", needs_test=False).arrays
    says = f"The arrays of an .npz file{f'; keras.datasets.{config.kind}.load_data() gives the same' * is_named}."
    lines = [f"with np.load({code(os.path.normpath(path.absolute()))}) as data:"]
    parts = [part for part in ("train", "test", "val") if f"x_{part}" in stored]
    for part in parts:
        lines += [f"    x_{part} = {_rows(part, stored, splits)}", f"    y_{part} = {_labels(part, stored, splits)}"]
    functions: tuple[Callable[..., Any], ...] = ()
    if "test" not in parts:
        if splits.info.num_classes:
            lines.append(_stratified("y_train", config.test_fraction, SPLIT_SEED))
            functions = (stratified_split,)
        else:
            lines.append(_drawn(len(stored["y_train"]), config.test_fraction, SPLIT_SEED))
        lines.append("x_train, y_train, x_test, y_test = x_train[train], y_train[train], x_train[test], y_train[test]")
    return Source((), (), says, "\n".join(lines), functions)


def _rows(part: str, stored: Mapping[str, Any], splits: Splits) -> str:
    array, meant = stored[f"x_{part}"], splits.train.x.dtype
    axis = "[..., None]" if array.ndim == 3 else ""
    return f'data["x_{part}"]{axis}' + (f".astype(np.{meant})" if array.dtype != meant else "")


def _labels(part: str, stored: Mapping[str, Any], splits: Splits) -> str:
    array, read = stored[f"y_{part}"], f'data["y_{part}"]'
    if array.ndim == 2 and array.shape[1] == 1:
        read, array = f"{read}[:, 0]", array[:, 0]
    if not splits.info.num_classes:
        return f"{read}.astype(np.float32)"
    if array.dtype.kind in "US":
        names = list(splits.info.class_names)
        return f"np.array([{code(names, 4, 20)}.index(name) for name in {read}.astype(str)])"
    if array.ndim == 2:
        return f"{read}.argmax(axis=1)"
    return read if array.dtype.kind in "iu" else f"{read}.astype(np.int32)"
