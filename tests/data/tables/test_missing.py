"""Missing values and standardising, by the rows to learn from alone, against scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.data.tables.conftest import Load, penguins, with_gaps

from deeplab.config.schema import NoValidationConfig, RandomConfig, TailConfig, TestConfig, ValidationConfig
from deeplab.data.hold_out import hold_out
from deeplab.data.input_spec import InputSpec, describe_inputs
from deeplab.data.splits import Split, Splits
from deeplab.data.standardize import standardize
from deeplab.data.tables.encode import encode
from deeplab.data.tables.missing import fill_splits
from deeplab.errors import UserError

FRAME = with_gaps(penguins()).drop(columns=["seen", "nest"])
RANDOM = RandomConfig("random", 0.25, True)


def ready(splits: Splits, how: ValidationConfig = RANDOM, seed: int = 3) -> tuple[Splits, Split, Split | None]:
    """A table as a training takes it: filled in, with what its inputs are standardised by."""
    splits, train, validation = fill_splits(splits, *hold_out(splits, how, seed))
    info = standardize(splits.info, train, inputs=True, targets=False, table=splits.table)
    return Splits(splits.train, splits.test, info, table=splits.table), train, validation


def standardised(split: Split, splits: Splits) -> Any:
    """What the first layer gets, float64."""
    by = splits.info.inputs
    assert by is not None
    return (split.images(slice(None)).astype(np.float64) - by.mean) / by.deviation


@pytest.mark.parametrize("how", [RANDOM, TailConfig("tail", 0.3), NoValidationConfig("none")])
def test_rows_are_those_of_scikit_learn_s_transformers(load_frame: Load, how: ValidationConfig) -> None:
    splits, train, validation = ready(load_frame(FRAME, "dataset.missing=impute"), how)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False))
    theirs = ColumnTransformer(
        [("numbers", numbers, ["mass", "year"]), ("texts", texts, ["island"]), ("others", "passthrough", ["tagged"])]
    )
    frame = FRAME.assign(island=FRAME["island"].astype(object), tagged=FRAME["tagged"].astype(float))
    theirs.fit(frame.iloc[train.rows])
    for part in (train, splits.test, *([validation] if validation is not None else [])):
        ours = dict(zip(getattr(splits.table, "features", ()), standardised(part, splits).T, strict=True))
        expected = theirs.transform(frame.iloc[part.rows]).astype(np.float64)
        names = ("mass", "year", "island=Biscoe", "island=Dream", "island=Torgersen", "tagged")
        np.testing.assert_allclose(np.stack([ours[name] for name in names], axis=1), expected, rtol=1e-6, atol=1e-6)
        for name in ("mass", "island"):
            assert ours[f"{name} is missing"].tolist() == FRAME[name].isna()[part.rows].astype(float).tolist()


def changed(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    """The same table with wild values in some rows."""
    frame = frame.copy()
    frame.loc[rows, "mass"] = np.linspace(1e5, 9e5, len(rows))
    frame.loc[rows, "year"] = 1234
    frame.loc[rows, "island"] = "Biscoe"
    return frame


@pytest.mark.parametrize("part", ["test", "validation"])
def test_nothing_of_test_rows_or_held_out_rows_reaches_a_statistic(load_frame: Load, part: str) -> None:
    splits, train, validation = ready(load_frame(FRAME, "dataset.missing=impute"))
    rows = splits.test.rows if part == "test" else getattr(validation, "rows", None)
    again, same_train, _ = ready(load_frame(changed(FRAME, rows), "dataset.missing=impute"))
    assert again.table == splits.table
    assert again.info.inputs == splits.info.inputs
    np.testing.assert_array_equal(same_train.images(slice(None)), train.images(slice(None)))
    assert again.info.fingerprint != splits.info.fingerprint
    learned, _, _ = ready(load_frame(changed(FRAME, train.rows), "dataset.missing=impute"))
    assert learned.table != splits.table
    assert learned.info.inputs != splits.info.inputs


def test_only_numbers_and_dates_are_standardised(load_frame: Load) -> None:
    frame = with_gaps(penguins()).drop(columns="nest")
    splits, _, _ = ready(load_frame(frame, "dataset.missing=impute", "dataset.dates=[seen]"))
    by = splits.info.inputs
    assert by is not None
    assert splits.table is not None
    scaled = {name for name, mean in zip(splits.table.features, by.mean, strict=True) if mean != 0}
    assert scaled == {"mass", "year", "seen"}
    assert {deviation for name, deviation in zip(splits.table.features, by.deviation, strict=True)
            if name not in scaled} == {1.0}  # fmt: skip


def test_the_test_set_that_validates_stays_the_test_set(load_frame: Load) -> None:
    splits, _, validation = ready(load_frame(FRAME, "dataset.missing=impute"), TestConfig("test"))
    assert validation is splits.test
    assert not np.isnan(splits.test.images(slice(None))).any()


def test_another_table_is_filled_in_as_the_network_learned(load_frame: Load) -> None:
    splits, _, _ = ready(load_frame(FRAME, "dataset.missing=impute"))
    spec = InputSpec.from_json(describe_inputs(splits).to_json()).table
    assert spec is not None
    assert encode(FRAME.iloc[splits.test.rows], spec).tolist() == splits.test.images(slice(None)).tolist()
    complete = load_frame(FRAME, "dataset.missing=drop").table
    assert complete is not None
    with pytest.raises(UserError, match="column 'mass', row 1: the value is missing, and the network was trained with"):
        encode(FRAME, complete)


def test_a_column_that_only_held_out_rows_have_is_one_line(load_frame: Load) -> None:
    splits = load_frame(FRAME, "dataset.missing=impute")
    _, validation = hold_out(splits, RANDOM, 3)
    assert validation is not None
    frame = FRAME.assign(mass=FRAME["mass"].where(FRAME.index.isin(validation.rows)))
    splits = load_frame(frame, "dataset.missing=impute")
    with pytest.raises(
        UserError, match="The column 'mass' has no value in any row to learn from; dataset.drop=\\['mass"
    ):
        fill_splits(splits, *hold_out(splits, RANDOM, 3))


@pytest.mark.slow
def test_a_training_scores_what_the_evaluation_scores(
    folder: Any, cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    """With missing values in test rows: the evaluation fills them in by what the run kept."""
    FRAME.to_csv("t.csv", index=False)
    data = ("dataset=csv", "dataset.path=t.csv", "dataset.target=species", "dataset.missing=impute")
    done = cli("train", *data, "model=mlp_64_64", "training.epochs=1", "tracking.plots=none")
    assert done.status == 0, done.err
    assert cli("evaluate", "latest").status == 0
    evaluated, trained = (run.data.metrics["test/loss"] for run in runs())
    assert evaluated == pytest.approx(trained, rel=1e-6)
    penguins(30, seed=5).assign(more=1)[["island", "more", "species", "mass", "year", "tagged"]].to_csv("new.csv")
    other = cli("evaluate", "mlp_64_64-csv", "dataset.test_path=new.csv")
    assert "not the data it was trained and tested on" in other.out
    assert " 30 " in other.out.splitlines()[-3]
