"""Another table as a network takes it: columns by name, categories in their order, missing values filled."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deeplab.data.tables.encode import encode
from deeplab.data.tables.spec import TableColumn, TableSpec, TableTarget
from deeplab.errors import UserError

SPEC = TableSpec(
    (
        TableColumn("mass", "number", fill=4000.0, has_indicator=True),
        TableColumn("island", "category", ("Dream", "Biscoe"), fill="Biscoe"),
        TableColumn("tagged", "boolean"),
        TableColumn("seen", "date", shift=20_000.0, fill=20_001.5),
        TableColumn("id", "number", shift=9_007_199_254_740_993),
    ),
    (TableTarget("species", "class", ("Adelie", "Gentoo")),),
)
CSV = (
    "remark,id,island,mass,seen,tagged\nfirst,9007199254740995, Biscoe,3500,2024-10-04,true\n"
    "second,9007199254740992,Dream,,2024-10-05T12:00,false\nthird,9007199254740993,,5e3,,TRUE\n"
)
ROWS = [[3500, 0, 0, 1, 1, 0, 2], [4000, 1, 1, 0, 0, 1.5, -1], [5000, 0, 0, 1, 1, 1.5, 0]]


def write(folder: Path, text: str) -> Path:
    path = folder / "new.csv"
    path.write_text(text)
    return path


def test_columns_in_another_order_and_others_beside_them(tmp_path: Path) -> None:
    path = write(tmp_path, CSV)
    x = encode(path, SPEC)
    assert x.dtype == np.float32
    assert x.tolist() == ROWS
    frame = pd.read_csv(path, parse_dates=["seen"], skipinitialspace=True)
    assert encode(frame, SPEC).tolist() == ROWS
    assert encode(frame.iloc[1:2], SPEC).tolist() == ROWS[1:2]
    assert [SPEC.features[at] for at in np.flatnonzero(~SPEC.is_scaled)] == [
        *("mass is missing", "island=Dream", "island=Biscoe", "tagged")
    ]


def test_a_table_of_numbers_alone_is_categories_where_the_network_learned_categories(tmp_path: Path) -> None:
    spec = TableSpec((TableColumn("zip", "category", ("007", "7")),), ())
    assert encode(write(tmp_path, "zip\n7\n007\n"), spec).tolist() == [[0, 1], [1, 0]]


def test_true_and_false_as_texts_of_parquet_are_the_booleans_that_a_network_learned(tmp_path: Path) -> None:
    spec = TableSpec((TableColumn("tagged", "boolean", fill=0.0),), ())
    pd.DataFrame({"tagged": ["true", "FALSE", None]}).to_parquet(tmp_path / "new.parquet")
    assert encode(tmp_path / "new.parquet", spec).tolist() == [[1], [0], [0]]


def test_errors_of_long_names_and_values_stay_short(tmp_path: Path) -> None:
    long = "L" * 10_000
    spec = TableSpec((TableColumn(long, "category", (long, "7")), TableColumn("b", "number")), ())
    for text in (f"{long},b\nx{long},1\n", f"{long},c\n7,1\n", f"{long}c,b\n7,1\n", f"{long},b\n,1\n"):
        with pytest.raises(UserError) as caught:
            encode(write(tmp_path, text), spec)
        assert len(str(caught.value)) < 600


def test_facts_are_kept_as_json() -> None:
    assert TableSpec.from_json(json.loads(json.dumps(asdict(SPEC)))) == SPEC


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("island,", "islnd,", "Unknown column 'island' in {path}. Did you mean 'islnd'? Known: "),
        ("Dream", "Torgersen", "{path}: column 'island', row 2: 'Torgersen' is none of the categories that the network "
         "knows: Dream, Biscoe."),
        ("3500", "heavy", "{path}: column 'mass', row 1: 'heavy' is no number, and most of the column are;"),
        ("5e3", "inf", "{path}: column 'mass', row 3: the value is infinite."),
        ("5e3", "1e39", "{path}: column 'mass', row 3: '1e+39' is beyond what float32 holds."),
        ("TRUE", "maybe", "{path}: column 'tagged', row 3: 'maybe' is neither true nor false."),
        ("false", "", "{path}: column 'tagged', row 2: the value is missing, and the network was trained without "),
        ("2024-10-04", "04.10.2024", "{path}: column 'seen', row 1: '04.10.2024' is no date as 2024-12-31"),
    ],
)  # fmt: skip
def test_bad_values_are_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = write(tmp_path, CSV.replace(old, new))
    with pytest.raises(UserError) as caught:
        encode(path, SPEC)
    assert str(caught.value).startswith(line.replace("{path}", str(path)))
