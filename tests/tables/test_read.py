"""Files with tables: read as pandas reads them, or refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from deeplab.errors import UserError
from deeplab.tables.read import TextFormat, read_table


def read(path: Path, content: str | bytes, form: TextFormat | None = None, **options: Any) -> Any:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(str(path), "dataset.path", form or TextFormat(), **options).frame


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("a,b\n1,2\n3,4\n", TextFormat()),
        ("a;b\n1;2\n3;4\n", TextFormat()),
        ("a\tb\n1\t2\n3\t4\n", TextFormat()),
        ("a:b\n1:2\n3:4\n", TextFormat(separator=":")),
        ("a;b\n1,0;2\n3;4,0\n", TextFormat(decimal=",")),
        ("a,b\r\n1,2\r3,4", TextFormat()),
        ("\ufeffa,b\n1,2\n3,4\n", TextFormat()),
        ("\n\n a , b \n1,2\n\n 3 , 4\n", TextFormat()),
        ("a,b\n1,2\n3,4\n".encode("utf-16"), TextFormat(encoding="utf-16")),
        (",a,b\n0,1,2\n1,3,4\n", TextFormat()),
    ],
)
def test_separators_decimals_line_ends_marks_and_encodings(path: Path, content: str | bytes, form: TextFormat) -> None:
    frame = read(path, content, form)
    assert list(frame.columns) == ["a", "b"]
    assert frame.to_numpy(np.float64).tolist() == [[1, 2], [3, 4]]


def test_values_are_those_of_pandas_with_line_ends_in_quotes_in_a_file_of_several_blocks(path: Path) -> None:
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=30_000)
    numbers[::7] = np.nan
    texts = [f'{"first" * (row % 5)}\nsecond, "{row % 7}"\n\n' for row in range(len(numbers))]
    pd.DataFrame({"x": numbers, "text": texts, "is": numbers > 0}).to_csv(path, index=False)
    ours, theirs = read(path, path.read_bytes()), pd.read_csv(path)
    assert path.stat().st_size > 1 << 20
    np.testing.assert_array_equal(ours["x"].to_numpy(np.float64, na_value=np.nan), theirs["x"])
    assert ours["text"].tolist() == theirs["text"].tolist()
    assert ours["is"].tolist() == theirs["is"].tolist()


def test_codes_stay_texts_and_only_what_is_asked_for_is_read(path: Path) -> None:
    frame = read(path, "a, zip,b\n1,0012,2\n3,NA,4\n", only=["zip"], as_text=["zip"])
    assert frame["zip"].tolist() == ["0012", pd.NA]
    assert list(frame.columns) == ["zip"]


def test_parquet_is_read_whatever_its_name(path: Path) -> None:
    there = pd.DataFrame({"a": [1.5, np.nan], "b": pd.Categorical(["x", "y"]), "c": [True, False]})
    there.to_parquet(path)
    frame = read(path, path.read_bytes())
    assert frame["a"].tolist() == [1.5, pd.NA]
    assert frame["b"].tolist() == ["x", "y"]
    assert frame["c"].tolist() == [True, False]
    assert list(read(path, path.read_bytes(), only=["c"]).columns) == ["c"]
    with pytest.raises(UserError, match="is no table that can be read"):
        read(path, path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("a,b\n", "the file names columns and has no rows"),
        ("a,b", "the file names columns and has no rows"),
        ("a,b, a,b\n1,2,3,4\n", "several columns are named a, b."),
        ("a,b\n1,2\n3\n", "row 2 has 1 values for 2 columns: 3"),
        ('a,b\n"1\n",2\n\n3,4,5\n', "row 2 has 3 values for 2 columns: 3,4,5"),
        ("a,b\n1,ä\n".encode("latin-1"), "not written in utf-8. Give dataset.encoding, as in dataset.encoding=cp1252"),
        (b"PK\x03\x04\0\0\0", "this is neither text nor a Parquet file"),
        (b"PAR1 and then nothing of it", "is no table that can be read"),
    ],
)
def test_what_is_no_table_is_one_line(path: Path, content: str | bytes, line: str) -> None:
    with pytest.raises(UserError) as caught:
        read(path, content)
    assert line in str(caught.value)
    assert str(caught.value).startswith(f"dataset.path={path}: ")


def test_other_mistakes_are_one_line(path: Path) -> None:
    with pytest.raises(UserError, match="Unknown column 'specie' in .* Did you mean 'species'"):
        read(path, "species,b\nx,2\n", only=["specie"])
    with pytest.raises(UserError, match="this is a folder; a file is needed"):
        read_table(str(path.parent), "dataset.path", TextFormat())
    with pytest.raises(UserError, match="^nothing.csv: there is no such file or folder"):
        read_table("nothing.csv", "", TextFormat())
    with pytest.raises(UserError, match="encoding=utf-99: there is no such encoding"):
        read(path, "a,b\n1,2\n", TextFormat(encoding="utf-99"))
    with pytest.raises(UserError, match="separator and dataset.decimal are both ','"):
        read(path, "a,b\n1,2\n", TextFormat(separator=",", decimal=","))


def test_a_parquet_file_that_claims_more_than_it_can_hold_is_refused(path: Path) -> None:
    pd.DataFrame({str(name): np.zeros(3_000_000, np.int8) for name in range(60)}).to_parquet(path)
    with pytest.raises(UserError, match=r"claims 3,000,000 rows of 60 columns, more than its [\d,]+ bytes can hold"):
        read_table(str(path), "dataset.path", TextFormat())


def test_a_text_that_a_parquet_file_repeats_without_end_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplab.tables.read.MOST_BYTES_PACKED", 1 << 20)
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, np.int32)), pa.array(["x" * 10_000]))
    for column in (texts, texts.dictionary_decode()):  # the second is no category in the file
        parquet.write_table(pa.table({"a": column}), path)
        assert path.stat().st_size < 10_000
        with pytest.raises(UserError, match=r"claims 30,000,000 bytes of text, more than its [\d,]+ bytes can hold"):
            read_table(str(path), "dataset.path", TextFormat())


def test_rows_of_megabytes_are_read_and_cells_of_many_are_one_line(path: Path) -> None:
    head, row = ",".join(f"c{number}" for number in range(60_000)), ",".join(["0.12345678901234567"] * 60_000)
    frame = read(path, "\n".join([head, row, row]))
    assert frame.shape == (2, 60_000)
    assert frame["c59999"].tolist() == [0.12345678901234567] * 2
    with pytest.raises(UserError, match=r"a row is longer than [\d,]+ bytes; is a quotation mark missing?"):
        read(path, f"a,b\n1,2\n{'3' * 40_000_000},4\n")


def test_a_nul_anywhere_in_the_first_megabytes_is_no_text(path: Path) -> None:
    with pytest.raises(UserError, match="neither text nor a Parquet file"):
        read(path, "a,b\n" + "x,1\n" * 5000 + "x\0y,2\n")


def test_a_separator_in_the_quotes_of_a_name_separates_nothing(path: Path) -> None:
    assert list(read(path, '"a, in m, or so";b\n1;2\n').columns) == ["a, in m, or so", "b"]


def test_ten_thousand_columns_are_read(path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    frame = read(path, ",".join(names) + "\n" + ",".join(["1.5"] * 10_000) + "\n")
    assert frame.shape == (1, 10_000)
    with pytest.raises(UserError, match="Did you mean 'c77'.* Known: c0, c1, .* and 9,990 more"):
        read(path, path.read_bytes(), only=["cc77"])
