"""Arrays as a data set, without a training: what is written, what is refused, and that nothing is left then."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplab.api.arrays import named_arrays, with_arrays
from deeplab.config.compose import compose
from deeplab.data.load import load
from deeplab.errors import UserError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (12, 6, 6), dtype=np.uint8)
Y = np.arange(12) % 3
PARTS = (X[:8], Y[:8], X[8:], Y[8:])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "data",
    [
        PARTS,
        (PARTS[:2], PARTS[2:]),
        dict(zip(("x_train", "y_train", "x_test", "y_test"), PARTS, strict=True)),
        tuple(part.tolist() if part.ndim == 1 else part for part in PARTS),
    ],
)
def test_arrays_in_any_form_are_one_file_that_reads_back_equal(data: Any, place: Path) -> None:
    with with_arrays(["dataset.stratify=false"], data, None) as texts:
        config = compose(texts).config.dataset
    with with_arrays([], PARTS, None) as again:
        pass
    assert texts[:2] == again
    assert texts[2:] == ["dataset.stratify=false"]
    assert len([*place.glob(".deeplab/arrays/*")]) == 1
    splits = load(config, place)
    assert np.array_equal(splits.train.images(np.arange(8))[..., 0], X[:8])
    assert splits.test.labels.tolist() == Y[8:].tolist()


def test_other_arrays_are_another_file(place: Path) -> None:
    changed = X.copy()
    changed[0, 0, 0] ^= 1
    for x in (X, changed):
        with with_arrays([], (x[:8], *PARTS[1:]), None):
            pass
    with with_arrays([], {"x_train": X[:8], "y_train": Y[:8], "x_val": X[8:], "y_val": Y[8:]}, None):
        pass
    assert len([*place.glob(".deeplab/arrays/*.npz")]) == 3


def test_labels_of_python_text_become_classes(place: Path) -> None:
    names = np.array(["cat", "dog", "emu"], dtype=object)
    with with_arrays([], (X[:8], names[Y[:8]], X[8:], names[Y[8:]]), None) as texts:
        splits = load(compose(texts).config.dataset, place)
    assert splits.info.class_names == ("cat", "dog", "emu")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y, X), r"data: give \(x_train, y_train, x_test, y_test\), .*; this is 3 items"),
        (X, "this is ndarray"),
        ({"x_trian": X}, r"Unknown array 'x_trian' in data. Did you mean 'x_train'\?"),
        ((X.astype(object), *PARTS[1:]), "data: x_train: pickled Python objects, which are not read"),
        (([[1], [2, 3]], *PARTS[1:]), "data: x_train is no array"),
        ((3, *PARTS[1:]), "data: x_train is 3; an array with a row for each example is needed"),
        ((X[:8].astype(complex), *PARTS[1:]), "data: x_train: dtype complex128; integers or floats are needed"),
        ((X[:8], Y[:7], *PARTS[2:]), "^data: y_train: 7 labels for 8 rows of x_train"),
        ((np.full((8, 6, 6), np.nan), *PARTS[1:2], X[8:].astype(float), PARTS[3]), "^data: x_train: row 0 holds NaN"),
        ({"y_train": Y, "x_test": X}, "^data: x_train, y_test missing"),
    ],
)
def test_what_is_no_data_set_is_refused_and_leaves_nothing(data: Any, message: str, place: Path) -> None:
    def check() -> None:
        with with_arrays([], data, None) as texts:
            load(compose(texts).config.dataset, place)

    with pytest.raises(UserError, match=message):
        check()
    assert [*place.iterdir()] == []


def test_what_was_there_before_stays(place: Path) -> None:
    with with_arrays([], PARTS, None):
        pass

    def refused() -> None:
        with with_arrays([], PARTS, None):
            raise UserError("something else is wrong")

    with pytest.raises(UserError, match="something else is wrong"):
        refused()
    assert len([*place.glob(".deeplab/arrays/*.npz")]) == 1


@pytest.mark.parametrize("text", ["dataset=mnist", "dataset.path=x.npz"])
def test_two_data_sets_are_refused(text: str, place: Path) -> None:
    with pytest.raises(UserError, match=f"'{text}' and data=... are both data sets"), with_arrays([text], PARTS, None):
        pass


def test_a_store_elsewhere_has_its_arrays_beside_it(place: Path) -> None:
    (place / "else where").mkdir()
    uri = f"tracking.uri='sqlite:///{place}/else where/runs.db'"
    with with_arrays([uri], PARTS, None) as texts:
        path = compose(texts).config.dataset.path  # type: ignore[union-attr]
    assert Path(path).parent == Path("else where/.deeplab/arrays")
    assert Path(path).is_file()


def test_keras_data_is_named_by_its_order() -> None:
    named = named_arrays(((X, Y), (X[:2], Y[:2])))
    assert {name: len(array) for name, array in named.items()} == {
        "x_train": 12,
        "y_train": 12,
        "x_test": 2,
        "y_test": 2,
    }
