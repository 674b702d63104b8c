"""What a script does with rows once they are read: the limit, those to validate on, targets, standardisation."""

from collections.abc import Callable
from typing import Any

from deeplab.config.schema import (
    ExperimentConfig,
    GivenConfig,
    KFoldConfig,
    NoValidationConfig,
    RandomConfig,
    TailConfig,
    TestConfig,
)
from deeplab.data.hold_out import DRAW
from deeplab.data.splits import Splits
from deeplab.data.stratify import first_of_each, has_classes
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.export.script.expressions import reciprocal

Functions = tuple[Callable[..., Any], ...]
DIVIDE = "x_val, y_val = x_train[held_out], y_train[held_out]\nx_train, y_train = x_train[learned], y_train[learned]"


def limit_code(config: Any, splits: Splits) -> tuple[str, Functions]:
    """Write what `dataset.limit` leaves of each part, and the functions of deeplab that the code calls."""
    if config.limit is None:
        return "", ()
    lines: list[str] = []
    functions: Functions = ()
    for part, split in (("train", splits.train), ("test", splits.test), ("val", splits.validation)):
        if split is None or len(split) < config.limit:
            continue
        if config.stratify and has_classes(split.y):
            functions = (first_of_each,)
            lines.append(f"rows = first_of_each(y_{part}, np.arange(len(y_{part})), {config.limit})")
            lines.append(f"x_{part}, y_{part} = x_{part}[rows], y_{part}[rows]")
        else:
            lines.append(f"x_{part}, y_{part} = x_{part}[:{config.limit}], y_{part}[:{config.limit}]")
    return "\n".join(lines), functions


def validation_code(config: ExperimentConfig, setup: TrainingSetup) -> tuple[str, str, Functions]:
    """Write what makes `x_val` and `y_val`: what it does in words, the code, and the functions that it calls."""
    chosen, learned = config.validation, len(setup.train)
    if isinstance(chosen, NoValidationConfig):
        return "No rows are for validation.", "", ()
    if isinstance(chosen, GivenConfig):
        return "The rows for validation are those that the file brings along.", "", ()
    if isinstance(chosen, TestConfig):
        return "The test rows validate, as in the report that is followed.", "x_val, y_val = x_test, y_test", ()
    if isinstance(chosen, TailConfig):
        tail = (
            f"x_val, y_val = x_train[{learned}:], y_train[{learned}:]\n"
            f"x_train, y_train = x_train[:{learned}], y_train[:{learned}]"
        )
        return f"The last rows are for validation, {chosen.fraction:g} of them.", tail, ()
    if isinstance(chosen, KFoldConfig):
        return *_fold_code(chosen, has_classes(setup.train.y)), ()
    assert isinstance(chosen, RandomConfig)
    lines = [f"order = np.random.default_rng([SEED, {DRAW}]).permutation(len(x_train))"]
    functions: Functions = ()
    says = f"Drawn rows are for validation, {chosen.fraction:g} of them"
    if chosen.stratify and has_classes(setup.train.y):
        says, functions = f"{says}, of each class its share", (first_of_each,)
        lines.append(f"held_out = first_of_each(y_train, order, {len(setup.validation or ())}, keep=1)")
        lines.append("learned = np.setdiff1d(order, held_out)")
    else:
        lines.append(f"learned, held_out = np.sort(order[:{learned}]), np.sort(order[{learned}:])")
    return f"{says}.", "\n".join([*lines, DIVIDE]), functions


def _fold_code(chosen: KFoldConfig, of_classes: bool) -> tuple[str, str]:
    """Write what holds out a fold, in words and in code."""
    says, name = f"Fold {chosen.fold} of {chosen.folds} is for validation", "KFold"
    if chosen.stratify and of_classes:
        says, name = f"{says}, with the same share of each class in each", "StratifiedKFold"
    assert chosen.fold is not None
    lines = [
        f"from sklearn.model_selection import {name}",
        "",
        f"folds = {name}({chosen.folds}, shuffle=True, random_state=SEED)",
        f"learned, held_out = list(folds.split(x_train, y_train))[{chosen.fold - 1}]",
        DIVIDE,
    ]
    return f"{says}.", "\n".join(lines)


def target_code(config: ExperimentConfig, setup: TrainingSetup) -> tuple[str, str]:
    """Write what makes targets of labels: what it does in words, and the code."""
    info = setup.splits.info
    lines = []
    if weights := _class_weights(config, info.num_classes):
        lines += [weights, "row_weights = class_weights[y_train]"]
    if config.model.task == "reconstruction":
        says, of = "The network is to give back its images, values from 0 to 1.", None
        scale = reciprocal(info.scale)
        target = "x_{0}.astype(np.float32)" + (f" * np.float32({scale})" if info.scale != 1 else "")
    elif config.model.task == "classification":
        says, target = "A class becomes a row of zeros with a 1 at its place.", "np.eye({1}, dtype=np.float32)[y_{0}]"
        of = info.num_classes
    elif info.num_classes:
        says, of = "The two classes become the numbers -1 and +1.", None
        target = "(2.0 * y_{0} - 1).astype(np.float32).reshape(-1, 1)"
    else:
        says, of = "A row of targets is what the network is to give.", info.num_targets
        target = "y_{0}.reshape(-1, {1})"
    parts = ["train", *(["val"] if setup.validation is not None else []), "test"]
    lines += [f"y_{part} = {target.format(part, of)}" for part in parts]
    return says, "\n".join(lines)


def _class_weights(config: ExperimentConfig, classes: int) -> str:
    given = config.training.class_weights
    if given is None:
        return ""
    if given == "balanced":
        return (
            f"counts = np.bincount(y_train, minlength={classes})\n"
            f"class_weights = (len(y_train) / ({classes} * np.maximum(counts, 1))).astype(np.float32)"
        )
    return f"class_weights = np.array({list(given)}, dtype=np.float32)"


def standardization_code(setup: TrainingSetup) -> str:
    """Write the means and variances that the network standardises by; nothing where it does not."""
    info, lines = setup.splits.info, []
    if info.inputs is not None:
        scaled = "x_train.astype(np.float64)" + (f" * ({reciprocal(info.scale)})" if info.scale != 1 else "")
        lines += [
            f"values = ({scaled}).reshape(-1, {info.input_shape[-1]})",
            "mean, variance = values.mean(axis=0), values.var(axis=0)",
            "variance[variance == 0] = 1",
        ]
    if info.targets is not None:
        lines += [
            "means, deviations = y_train.mean(axis=0, dtype=np.float64), y_train.std(axis=0, dtype=np.float64)",
            "means, deviations = means.tolist(), deviations.tolist()",
        ]
    return "\n".join(lines)
