"""A table as a data set: columns, targets and test rows, and every mistake in one line."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.tables.conftest import Load, configured, penguins, with_gaps

from deeplab.config.compose import compose
from deeplab.data.input_spec import InputSpec, describe_inputs
from deeplab.data.load import load
from deeplab.errors import UserError

ALL = ("mass", "island", "tagged", "year", "nest")


def test_columns_become_features_and_the_target_classes(load_frame: Load) -> None:
    frame = penguins().drop(columns="seen")
    splits = load_frame(frame)
    assert splits.table is not None
    assert splits.table.features == (
        *("mass", "island=Biscoe", "island=Dream", "island=Torgersen", "tagged", "year", "nest"),
    )
    expected = np.stack(
        [
            frame["mass"],
            *(frame["island"] == name for name in ("Biscoe", "Dream", "Torgersen")),
            *(frame[name] for name in ("tagged", "year", "nest")),
        ],
        axis=1,
    )
    for split in (splits.train, splits.test):
        assert split.images(slice(None)).dtype == np.float32
        np.testing.assert_array_equal(split.images(slice(None)), expected[split.rows])
        assert [splits.info.class_names[label] for label in split.labels] == frame["species"][split.rows].tolist()
    assert splits.info.class_names == ("Adelie", "Chinstrap", "Gentoo")
    assert splits.notes == ("the target species is a class, one of 3: Adelie, Chinstrap, Gentoo",)


def test_facts_are_kept_with_the_run(load_frame: Load) -> None:
    spec = describe_inputs(load_frame(penguins(), "dataset.dates=[seen]"))
    assert spec.table is not None
    assert InputSpec.from_json(spec.to_json()) == spec


def test_features_dropped_columns_categories_and_dates(load_frame: Load) -> None:
    frame = penguins()
    splits = load_frame(frame, "dataset.features=[year,seen]", "dataset.categories=[year]", "dataset.dates=[seen]")
    assert splits.table is not None
    assert splits.table.features == ("year=2007", "year=2008", "year=2009", "seen")
    days = (pd.to_datetime(frame["seen"]) - pd.Timestamp("1970-01-01")).dt.days
    assert splits.train.images(slice(None))[:, 3].tolist() == days[splits.train.rows].tolist()
    kept = load_frame(frame, "dataset.drop=[seen,nest]")
    assert kept.table is not None
    assert [column.name for column in kept.table.columns] == ["mass", "island", "tagged", "year"]
    german = frame.assign(seen=pd.to_datetime(frame["seen"]).dt.strftime("%d.%m.%Y"))
    again = load_frame(german, "dataset.features=[seen]", "dataset.dates=[seen]", "dataset.date_format='%d.%m.%Y'")
    assert again.train.images(slice(None))[:, 0].tolist() == days[again.train.rows].tolist()


def test_what_is_to_be_given_is_told_from_its_values_and_the_task_decides_against_it(load_frame: Load) -> None:
    frame = penguins().drop(columns="seen").assign(nest=np.arange(300) % 60)
    by_default = load_frame(frame, "model.task=regression", target="mass")
    assert (by_default.info.num_classes, by_default.info.target_names) == (0, ("mass",))
    assert by_default.train.labels.tolist() == frame["mass"][by_default.train.rows].tolist()
    years = load_frame(frame, target="year")
    assert years.info.class_names == ("2007", "2008", "2009")
    assert load_frame(frame, "dataset.task=auto", target="year").notes == (
        "the target year is a class, one of 3: 2007, 2008, 2009; model.task=regression takes them as numbers",
    )
    numbers = load_frame(frame, "model.task=regression", target="year")
    assert set(numbers.train.labels.tolist()) == {2007, 2008, 2009}
    assert load_frame(frame, "dataset.task=auto", target="nest").info.num_classes == 0
    assert load_frame(frame, target="nest").info.num_classes == 60
    assert load_frame(frame, "model.task=regression", target="tagged").info.class_names == ("false", "true")
    two = load_frame(frame, "model.task=regression", target="[mass,nest]")
    assert two.train.y.shape == (300, 2)
    assert two.info.num_targets == 2
    assert two.notes == ("the 2 targets are numbers",)


def test_large_numbers_lose_nothing_that_they_differ_in(load_frame: Load) -> None:
    frame = penguins(40).drop(columns="seen")
    frame["id"] = 9_007_199_254_740_993 + np.arange(40)
    frame["epoch"] = 1.7e9 + np.arange(40) / 8
    splits = load_frame(frame)
    assert splits.table is not None
    by_name = {column.name: column for column in splits.table.columns}
    assert by_name["year"].shift == by_name["mass"].shift == 0
    x = splits.train.images(slice(None)).astype(np.float64)
    for name in ("id", "epoch"):
        values = x[:, splits.table.features.index(name)]
        np.testing.assert_array_equal(
            values - values[0], (frame[name] - frame[name][splits.train.rows[0]])[splits.train.rows]
        )


def test_constant_columns_and_others_worth_knowing_are_told(load_frame: Load) -> None:
    frame = penguins().drop(columns="seen").assign(same=1, only="x")
    notes = load_frame(frame, "dataset.group=nest").notes
    assert notes[1:] == (
        "nest says which rows belong together, and is no feature",
        "same, only are the same in every row to train on, of which nothing can be learned",
    )
    frame = frame.rename(columns={"same": ""})
    assert load_frame(frame).notes[1] == "1 column without a name is not read"


def test_test_rows_with_categories_of_their_own_are_none_of_those_known(load_frame: Load) -> None:
    frame, other = penguins().drop(columns="seen"), penguins(50, seed=1).drop(columns="seen")
    other.loc[4, "island"] = "Cormorant"
    splits = load_frame(frame, test=other[reversed(other.columns)])
    assert splits.table is not None
    islands = [at for at, name in enumerate(splits.table.features) if name.startswith("island=")]
    assert splits.test.images(slice(None))[:, islands].sum(axis=1).tolist() == [float(row != 4) for row in range(50)]
    assert splits.notes[1:] == (
        "test rows have categories that no row to train on has, encoded as none: island=Cormorant",
    )
    assert sorted(splits.train.rows) == list(range(300))


def test_every_row_is_in_the_fingerprint(load_frame: Load) -> None:
    frame = penguins(60).drop(columns="seen")
    splits = load_frame(frame)
    assert load_frame(frame).info == splits.info
    for row in (splits.train.rows[3], splits.test.rows[3]):
        changed = frame.copy()
        changed.loc[row, "mass"] += 1
        assert load_frame(changed).info.fingerprint != splits.info.fingerprint
        changed = frame.copy()
        changed.loc[row, "species"] = "Adelie" if frame["species"][row] != "Adelie" else "Gentoo"
        assert load_frame(changed).info.fingerprint != splits.info.fingerprint
    assert load_frame(frame, "dataset.split_seed=1").info.fingerprint != splits.info.fingerprint


@pytest.mark.parametrize(
    ("name", "rows", "features", "outputs"),
    [("iris", 150, 4, 3), ("wine", 178, 13, 3), ("breast_cancer", 569, 30, 2), ("diabetes", 442, 10, 0)],
)
def test_built_in_tables_are_the_source_s_own(name: str, rows: int, features: int, outputs: int) -> None:
    from sklearn import datasets

    splits = load(compose([f"dataset={name}"]).config.dataset, Path())
    assert (splits.info.name, splits.info.input_shape, splits.info.num_classes) == (name, (features,), outputs)
    assert sorted([*splits.train.rows, *splits.test.rows]) == list(range(rows))
    assert abs(len(splits.test) - rows / 5) <= 1
    source = getattr(datasets, f"load_{name}")(**({} if outputs else {"scaled": False}))
    np.testing.assert_array_equal(splits.train.x, source.data.astype(np.float32))
    if outputs:
        names = [splits.info.class_names[label] for label in splits.train.y]
        assert names == source.target_names[source.target].tolist()
    else:
        assert splits.train.y.tolist() == source.target.tolist()
    assert load(compose([f"dataset={name}"]).config.dataset, Path()).info == splits.info


def test_missing_values_are_refused_left_out_or_kept_for_filling_in(load_frame: Load) -> None:
    frame = with_gaps(penguins()).drop(columns="seen")
    with pytest.raises(
        UserError, match=r"values are missing in mass \(43\), island \(27\) of 300 rows. dataset.missing="
    ):
        load_frame(frame)
    dropped = load_frame(frame, "dataset.missing=drop")
    assert len(dropped.train) + len(dropped.test) == len(frame.dropna())
    assert dropped.notes[1] == f"{300 - len(frame.dropna())} of 300 rows are left out, being with a missing value"
    imputed = load_frame(frame, "dataset.missing=impute")
    assert imputed.table is not None
    assert imputed.table.features[:6] == (
        *("mass", "mass is missing", "island=Biscoe", "island=Dream", "island=Torgersen", "island is missing"),
    )
    lacking = frame.assign(species=frame["species"].where(frame.index > 9))
    assert "10 of 300 rows are left out, being without species" in load_frame(lacking, "dataset.missing=impute").notes


BAD = [
    ("dataset.target=specis", "Unknown column 'specis' in dataset.target. Did you mean 'species'? Known: "),
    ("dataset.features=[mass,specis]", "Unknown column 'specis' in dataset.features. Did you mean 'species'?"),
    ("dataset.features=[mass,species]", "dataset.features names the target 'species', which would be told"),
    ("dataset.features=[mass,mass]", "dataset.features names the column 'mass' twice"),
    ("dataset.group=species", "the column 'species' cannot be the target and divide the rows"),
    ("dataset.drop=[mass,island,tagged,year,nest,seen]", "no column is left as a feature"),
    ("dataset.dates=[]", "column 'seen': its values are dates: dataset.dates=['seen'] takes them as days"),
    ("dataset.dates=[island]", "column 'island', row 1: 'Dream' is no date as 2024-12-31 or 2024-12-31T23:59"),
    ("dataset.categories=[seen]", "dataset.categories and dataset.dates both name the column 'seen'"),
    ("dataset.target=mass dataset.missing=drop", "column 'mass', row 4: '4283.9' is no class; choose a regression"),
    ("dataset.target=[mass,year]", "dataset.target names 2 columns, of which a regression gives the numbers"),
    ("dataset.target=[mass,species] model.task=regression", "column 'species', row 1: it holds texts, not numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "line"), BAD)
def test_bad_settings_are_one_line(load_frame: Load, overrides: str, line: str) -> None:
    frame = penguins()
    frame.loc[3, "mass"] = 4283.9
    with pytest.raises(UserError) as caught:
        load_frame(frame, "dataset.dates=[seen]", *overrides.split())
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("column", "row", "value", "line"),
    [
        ("mass", 16, "heavy", "column 'mass', row 17: 'heavy' is no number, and most of the column are; dataset.categ"),
        ("mass", 16, np.inf, "column 'mass', row 17: the value is infinite"),
        ("mass", 16, 1e300, "column 'mass', row 17: '1e+300' is beyond what float32 holds"),
        ("species", 16, "King", "the class King has one row, which cannot be learned from and tested on. Add rows"),
        (
            "species",
            slice(None),
            "King",
            "all rows to train on are of the class 'King'; two classes at least are needed",
        ),
        ("mass", slice(None), None, "column 'mass': it has no values; dataset.drop=['mass'] leaves it out"),
        (
            "island",
            slice(None),
            [f"at {row}" for row in range(300)],
            "240 different texts in 240 rows are no categories",
        ),
        (
            "mass",
            slice(None),
            [f"{row},5" for row in range(300)],
            "row 1: '0,5' looks like a number with a decimal comma",
        ),
    ],
)
def test_bad_values_are_one_line(load_frame: Load, column: str, row: object, value: object, line: str) -> None:
    frame = penguins().drop(columns="seen").astype({"mass": object})
    frame.loc[row, column] = value
    missing = ["dataset.missing=impute"] if value is None else []
    with pytest.raises(UserError) as caught:
        load_frame(frame, *missing)
    assert line in str(caught.value)


def test_one_value_to_predict_is_one_line(load_frame: Load) -> None:
    frame = penguins().drop(columns="seen").assign(mass=4000.5)
    with pytest.raises(UserError, match="column 'mass': all rows to train on have the same value, of which nothing is"):
        load_frame(frame, "model.task=regression", target="mass")


def test_a_class_that_is_among_test_rows_alone_is_one_line(load_frame: Load) -> None:
    frame, other = penguins().drop(columns="seen"), penguins(50, seed=1).drop(columns="seen")
    other.loc[7, "species"] = "King"
    with pytest.raises(
        UserError, match=r"dataset.test_path=.*column 'species', row 8: no row to train on is of the class 'King'"
    ):
        load_frame(frame, test=other)
    with pytest.raises(UserError, match=r"Unknown column 'island' in dataset.test_path=.* Known: mass, nest, species"):
        load_frame(frame, test=other.drop(columns="island"))


def test_groups_and_time_are_not_both_given(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset.time: must be null where dataset.group is given"):
        configured(tmp_path, "dataset.group=nest", "dataset.time=seen")


def test_a_table_is_read_as_the_network_learned_it(load_frame: Load, tmp_path: Path) -> None:
    learned = load_frame(penguins(), "dataset.dates=[seen]")
    other = penguins(40, seed=2)
    other = other[other["island"] != "Dream"]
    other[reversed(other.columns)].assign(more="x").to_csv(tmp_path / "other.csv", index=False)
    splits = load(configured(tmp_path / "other.csv").dataset, tmp_path, learned.table)
    assert splits.info.input_shape == learned.info.input_shape
    assert splits.info.class_names == learned.info.class_names
    assert splits.table == learned.table


@cache
def damaged_config() -> Any:
    return configured(Path("t"), "dataset.dates=[seen]", "dataset.missing=impute").dataset


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(["csv", "parquet"]),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1), st.sampled_from([b"", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"inf", b"1e999", b";"])
        ),
        min_size=1,
        max_size=10,
    ),
)
def test_damaged_bytes_give_a_data_set_or_one_line(
    tmp_path: Path, suffix: str, changes: list[tuple[float, bytes]]
) -> None:
    path = tmp_path / f"t.{suffix}"
    frame = penguins(60)
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    content = bytearray(path.read_bytes())
    for where, put in changes:
        at = int(where * len(content))
        content[at : at + 1] = put
    path.write_bytes(content)
    try:
        load(replace(damaged_config(), path=str(path)), tmp_path)
    except UserError as error:
        assert "\n" not in str(error)
