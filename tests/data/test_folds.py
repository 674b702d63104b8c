"""The folds of cross-validation, against scikit-learn."""

from typing import Any

import numpy as np
import pytest
from sklearn import model_selection

from deeplab.config.schema import KFoldConfig
from deeplab.data.hold_out import hold_out
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError

DRAW = np.random.default_rng(0)
CLASSES = DRAW.choice(3, 101, p=[0.6, 0.3, 0.1]).astype(np.int32)
VALUES = DRAW.normal(size=101).astype(np.float32)
GROUPS = DRAW.integers(0, 30, 150)  # of all rows of the source, of which some are not for training


def splits(labels: np.ndarray, groups: np.ndarray | None = None, in_time_order: bool = False) -> Splits:
    """Every row of a source but each third one is for training, the last of them first."""
    x = np.arange(150, dtype=np.float32)[:, None]
    y = np.zeros(150, labels.dtype)
    rows = np.flatnonzero(np.arange(150) % 3)[::-1]
    y[rows] = labels[: len(rows)]
    train, test = Split(x, y, rows), Split(x, y, np.arange(0, 150, 3))
    info = DatasetInfo("own", (1,), 3 * (labels.dtype == np.int32), (), "", 1.0)
    return Splits(train, test, info, groups=groups, in_time_order=in_time_order)


def folds_of(data: Splits, folds: int = 5, seed: int = 7, stratify: bool = True) -> list[tuple[Split, Split]]:
    parts = [hold_out(data, KFoldConfig("kfold", folds, fold + 1, stratify), seed) for fold in range(folds)]
    return [(train, validation) for train, validation in parts if validation is not None]


@pytest.mark.parametrize(
    ("name", "labels", "groups", "stratify"),
    [
        ("StratifiedKFold", CLASSES, None, True),
        ("KFold", CLASSES, None, False),
        ("KFold", VALUES, None, True),
        ("StratifiedGroupKFold", CLASSES, GROUPS, True),
        ("GroupKFold", CLASSES, GROUPS, False),
        ("GroupKFold", VALUES, GROUPS, True),
    ],
)
def test_they_are_those_of_scikit_learn_and_hold_out_each_row_once(
    name: str, labels: np.ndarray, groups: np.ndarray | None, stratify: bool
) -> None:
    data = splits(labels, groups)
    rows = data.train.rows
    theirs: Any = getattr(model_selection, name)(5, shuffle=True, random_state=7)
    expected = theirs.split(rows, data.train.labels, None if groups is None else groups[rows])
    ours = folds_of(data, stratify=stratify)
    for (train, validation), (learned, held_out) in zip(ours, expected, strict=True):
        assert train.rows.tolist() == rows[learned].tolist()
        assert validation.rows.tolist() == rows[held_out].tolist()
        assert not set(train.rows) & set(validation.rows)
        if groups is not None:
            assert not set(groups[train.rows]) & set(groups[validation.rows])
    assert sorted(row for _, validation in ours for row in validation.rows) == sorted(rows)


def test_each_has_its_share_of_each_class() -> None:
    data = splits(CLASSES)
    counts = np.array([np.bincount(validation.labels, minlength=3) for _, validation in folds_of(data)])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()


def test_they_depend_on_the_seed_alone_and_a_repeat_draws_others() -> None:
    def first(seed: int) -> list[int]:
        return list(folds_of(splits(CLASSES), seed=seed)[0][1].rows)

    assert first(2**32 - 1) == first(2**32 - 1) != first(0)


@pytest.mark.parametrize(
    ("data", "folds", "message"),
    [
        (splits(VALUES), 101, "validation.folds=101 is more than the 100 training rows."),
        (
            splits(CLASSES),
            50,
            f"validation.folds=50 is more than the {np.bincount(CLASSES[:100])[2]} training rows of class 2. Use fewer "
            "folds, or validation.stratify=false draws whatever the class.",
        ),
        (
            splits(VALUES, GROUPS % 4),
            5,
            "validation.folds=5 is more than the 4 groups of the training rows, which are not divided.",
        ),
        (splits(VALUES, np.arange(150), in_time_order=True), 2, "validation=kfold: the rows are divided by time"),
    ],
)
def test_folds_that_cannot_be_are_refused(data: Splits, folds: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        folds_of(data, folds)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_training_says_which_fold() -> None:
    with pytest.raises(UserError, match="validation.fold=1 takes the first of 3, deeplab sweep trains with each"):
        hold_out(splits(CLASSES), KFoldConfig("kfold", 3, None, True), 0)
