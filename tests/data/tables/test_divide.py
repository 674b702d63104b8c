"""Which rows are for testing and for validation: by class, by group, by time; scikit-learn promises the same."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split
from tests.data.tables.conftest import Load, penguins

from deeplab.config.schema import RandomConfig, TailConfig
from deeplab.data.groups import drawn_groups, last_groups
from deeplab.data.hold_out import hold_out
from deeplab.errors import UserError

FRAME = penguins(400).drop(columns="seen")


def test_test_rows_are_of_each_class_its_share_and_drawn_by_the_seed(load_frame: Load) -> None:
    splits = load_frame(FRAME, "dataset.test_fraction=0.25")
    assert sorted([*splits.train.rows, *splits.test.rows]) == list(range(400))
    _, theirs = train_test_split(FRAME["species"], test_size=0.25, stratify=FRAME["species"], random_state=0)
    ours = FRAME["species"][splits.test.rows]
    assert (ours.value_counts() - theirs.value_counts()).abs().max() <= 1  # each class is rounded by itself
    same, other = load_frame(FRAME, "dataset.test_fraction=0.25"), load_frame(FRAME, "dataset.split_seed=1")
    assert same.test.rows.tolist() == splits.test.rows.tolist()
    assert set(other.test.rows) != set(splits.test.rows)
    values = load_frame(FRAME, "model.task=regression", "dataset.test_fraction=0.25", target="mass")
    assert len(values.test) == 100
    assert sorted([*values.train.rows, *values.test.rows]) == list(range(400))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("target", ["species", "mass"])
def test_a_group_is_on_one_side_of_every_split(load_frame: Load, seed: int, target: str) -> None:
    task = "classification" if target == "species" else "regression"
    splits = load_frame(FRAME, "dataset.group=nest", f"dataset.split_seed={seed}", f"model.task={task}", target=target)
    assert sorted([*splits.train.rows, *splits.test.rows]) == list(range(400))
    assert abs(len(splits.test) - 80) < 8
    assert "nest" not in getattr(splits.table, "features", ())
    for how in (RandomConfig("random", 0.2, True), RandomConfig("random", 0.2, False), TailConfig("tail", 0.2)):
        train, validation = hold_out(splits, how, seed)
        assert validation is not None
        nests = [set(FRAME["nest"][part.rows]) for part in (train, validation, splits.test)]
        assert sum(map(len, nests)) == len(set.union(*nests)) == FRAME["nest"].nunique()
        assert abs(len(validation) - 0.2 * len(splits.train)) < 10
        assert sorted([*train.rows, *validation.rows]) == sorted(splits.train.rows)


def test_drawn_groups_are_of_each_class_about_its_share() -> None:
    draw = np.random.default_rng(0)
    groups = draw.integers(0, 200, 2000)
    labels = (draw.random(200) < 0.2).astype(np.int64)[groups]
    shares = [
        labels[drawn_groups(groups, labels, 400, np.random.default_rng(seed))].mean() / labels.mean()
        for seed in range(20)
    ]
    assert np.abs(np.array(shares) - 1).max() < 0.1
    whole = [labels[drawn_groups(groups, None, 400, np.random.default_rng(seed))].mean() for seed in range(20)]
    assert np.abs(np.array(whole) / labels.mean() - 1).max() > 0.1


def test_last_groups_come_last_and_never_are_all() -> None:
    assert last_groups(np.array([5, 5, 2, 2, 2, 9]), 2).tolist() == [False] * 5 + [True]
    assert last_groups(np.array([5, 5, 2, 2, 2, 9]), 3).tolist() == [False, False, True, True, True, True]
    assert last_groups(np.array([1, 2]), 2).tolist() == [False, True]
    assert last_groups(np.array([1, 2, 1]), 1).tolist() == [True, False, True]


@pytest.mark.parametrize("kind", ["date", "number"])
def test_the_latest_rows_are_for_testing_and_the_latest_of_the_rest_for_validation(load_frame: Load, kind: str) -> None:
    frame = penguins(400)
    times = pd.to_datetime(frame["seen"])
    if kind == "number":
        frame["seen"] = (times - times.min()).dt.days / 2
    splits = load_frame(frame, "dataset.time=seen")
    assert sorted([*splits.train.rows, *splits.test.rows]) == list(range(400))
    assert abs(len(splits.test) - 80) < 8
    assert times[splits.train.rows].max() < times[splits.test.rows].min()
    assert times[splits.train.rows].is_monotonic_increasing
    assert splits.notes[1] == "seen says which rows are the latest, and is no feature"
    for how in (RandomConfig("random", 0.2, True), TailConfig("tail", 0.2)):
        train, validation = hold_out(splits, how, 0)
        assert validation is not None
        assert times[train.rows].max() < times[validation.rows].min()
        assert abs(len(validation) - 0.2 * len(splits.train)) < 8


def test_groups_that_cannot_be_divided_are_one_line(load_frame: Load) -> None:
    with pytest.raises(UserError, match="column 'nest': all rows have the same value, so that they cannot be divided"):
        load_frame(FRAME.assign(nest=1), "dataset.group=nest")
    with pytest.raises(UserError, match=r"values are missing in nest \(1\) of 400 rows"):
        load_frame(FRAME.assign(nest=FRAME["nest"].where(FRAME.index != 5)), "dataset.group=nest")
    asked = load_frame(FRAME, "dataset.group=nest", "dataset.features=[nest,mass]")
    assert getattr(asked.table, "features", ()) == ("mass",)
    two = load_frame(FRAME.assign(nest=FRAME.index % 2), "dataset.group=nest")
    with pytest.raises(UserError, match="validation=tail: all training rows are of one group or time"):
        hold_out(two, TailConfig("tail", 0.2), 0)


def test_groups_of_two_files_are_compared(load_frame: Load) -> None:
    other = penguins(50, seed=1).drop(columns="seen")
    other["nest"] = np.arange(50) + 57
    notes = load_frame(FRAME, "dataset.group=nest", test=other).notes
    assert notes[-1] == "3 values of nest are in both files: test rows are not of their own groups"
