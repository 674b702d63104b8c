"""The folds of cross-validation: every training example is held out in exactly one of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import KFoldConfig
from deeplab.data.splits import Splits
from deeplab.data.stratify import has_classes
from deeplab.errors import UserError


def in_fold(splits: Splits, config: KFoldConfig, seed: int) -> NDArray[np.bool_]:
    """Tell which training examples the fold of a configuration holds out.

    The folds are scikit-learn's, drawn with `shuffle=True, random_state=seed`: `StratifiedKFold`, or `KFold` where
    examples have values or `stratify` is false; `StratifiedGroupKFold` and `GroupKFold` where they are of groups. So
    they depend on labels, groups, the number of folds and the seed alone.

    Returns:
        For each training example whether it is held out, [n].

    Raises:
        UserError: no fold is named, or the examples cannot be divided into so many.
    """
    if config.fold is None:
        raise UserError(
            f"validation=kfold holds out one fold after the other, and this is one training: validation.fold=1 takes "
            f"the first of {config.folds}, deeplab sweep trains with each."
        )
    if splits.in_time_order:
        raise UserError(
            "validation=kfold: the rows are divided by time, and folds would be learned from what comes after those "
            "that are held out. Use validation=random, which holds the latest out."
        )
    train = splits.train
    groups = None if splits.groups is None else splits.groups[train.rows]
    labels = train.labels if config.stratify and has_classes(train.y) else None
    _check_sizes(config.folds, len(train), labels, groups)
    rows = np.zeros(len(train))
    folds = list(_splitter(labels, groups, config.folds, seed).split(rows, labels, groups))
    chosen = np.zeros(len(train), np.bool_)
    chosen[folds[config.fold - 1][1]] = True
    return chosen


def _splitter(labels: NDArray[Any] | None, groups: NDArray[np.int64] | None, folds: int, seed: int) -> Any:
    from sklearn import model_selection

    name = f"{'' if labels is None else 'Stratified'}{'' if groups is None else 'Group'}KFold"
    return getattr(model_selection, name)(folds, shuffle=True, random_state=seed)


def _check_sizes(folds: int, rows: int, labels: NDArray[Any] | None, groups: NDArray[np.int64] | None) -> None:
    asked = f"validation.folds={folds} is more than"
    if folds > rows:
        raise UserError(f"{asked} the {rows} training rows.")
    if groups is not None and folds > (count := len(np.unique(groups))):
        raise UserError(f"{asked} the {count} groups of the training rows, which are not divided.")
    if labels is None:
        return
    classes, sizes = np.unique(labels, return_counts=True)
    if folds > sizes.min():
        raise UserError(
            f"{asked} the {sizes.min()} training rows of class {classes[sizes.argmin()]}. Use fewer folds, or "
            "validation.stratify=false draws whatever the class."
        )
