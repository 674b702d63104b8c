"""What is said of a data set before anything is trained, against NumPy and pandas."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deeplab.config.compose import compose
from deeplab.workflows.describe_data import Column, DataDescription, describe_data


@pytest.fixture
def described(tmp_path: Path) -> DataDescription:
    """Points of which one stands three times in training, once of them with another label, and once in the test set."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(40, 3)).astype(np.float32)
    x[[10, 20]] = x[5]
    x[:, 2] = 4
    y = np.arange(40) % 2
    y[[5, 10, 20]] = 0, 0, 1
    x_test = draw.normal(size=(6, 3)).astype(np.float32)
    x_test[:, 2] = 4
    x_test[3], y_test = x[5], np.array([0, 1, 0, 0, 1, 1])
    np.savez(tmp_path / "points.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    overrides = [
        "dataset=npz",
        f"dataset.path={tmp_path / 'points.npz'}",
        "validation=tail",
        "validation.fraction=0.25",
    ]
    return describe_data(compose(overrides).config, tmp_path)


def test_columns_are_those_of_pandas(described: DataDescription) -> None:
    expected = pd.DataFrame(described.splits.train.x.astype(np.float64)).describe()
    for number, column in enumerate(described.columns):
        assert column.name == f"feature {number + 1}"
        assert column.smallest == expected[number]["min"] and column.largest == expected[number]["max"]
        assert column.median == pytest.approx(expected[number]["50%"])
        assert column.mean == pytest.approx(expected[number]["mean"])
        assert column.deviation == pytest.approx(np.std(described.splits.train.x[:, number], dtype=np.float64))
    assert [column.is_constant for column in described.columns] == [False, False, True]


def test_equal_rows_are_counted_whatever_their_labels(described: DataDescription) -> None:
    found = described.duplicates
    assert (found.in_training, found.in_test, found.conflicting) == (2, 0, 1)
    assert described.overlaps == {"test": 1, "validation": 0}
    assert {name: len(part) for name, part in described.parts.items()} == {"training": 30, "validation": 10, "test": 6}


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_counted_bytes_give_what_the_bytes_give(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 256, count).astype(np.uint8)
    counted = Column.of_bytes("a", np.bincount(values, minlength=256))
    assert vars(counted) == pytest.approx(vars(Column.of("a", values.astype(np.float64))))


def test_missing_values_are_counted_and_left_out() -> None:
    column = Column.of("a", np.array([np.nan, 1.0, 3.0, np.nan]))
    assert (column.mean, column.missing) == (2.0, 2)
    assert Column.of("a", np.array([np.nan])).missing == 1


def test_a_table_is_described_with_what_is_missing(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "species": ["cat", "dog"] * 20,
            "weight": [*np.arange(1e9, 1e9 + 39), np.nan],
            "colour": ["red", "blue", None, "red"] * 10,
            "born": pd.date_range("2020-01-01", periods=40),
        }
    )
    path = tmp_path / "pets.csv"
    frame.to_csv(path, index=False)
    overrides = ["dataset=csv", f"dataset.path={path}", "dataset.target=species", "dataset.dates=[born]"]
    data = describe_data(compose(overrides).config, tmp_path)
    rows = frame.iloc[data.splits.train.rows]
    weight, born = data.columns
    assert (weight.name, weight.missing) == ("weight", rows["weight"].isna().sum())
    assert (weight.smallest, weight.largest) == (rows["weight"].min(), rows["weight"].max())
    assert born.is_date and np.datetime64(int(born.smallest), "D") == rows["born"].min()
    (colour,) = data.categories
    assert colour.counts == rows["colour"].value_counts().to_dict()
    assert colour.missing == rows["colour"].isna().sum()
    assert any("a training refuses it without" in note for note in data.notes)
