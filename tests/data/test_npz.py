"""A person's own archive: read, or refused in one line."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deeplab.config.schema import NpzConfig
from deeplab.data import npz
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.errors import UserError

X = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)
Y = np.arange(12) % 3
GOOD: dict[str, Any] = {"x_train": X, "y_train": Y, "x_test": X[:6], "y_test": Y[:6]}


def read(path: Path, class_names: tuple[str, ...] | None = None, scale: Any = "auto") -> Splits:
    return load(NpzConfig("npz", str(path), class_names, scale, None, False, False), Path())


def saved(folder: Path, **changes: Any) -> Path:
    path = folder / "own.npz"
    np.savez(path, **{key: value for key, value in {**GOOD, **changes}.items() if value is not None})
    return path


def error(path: Path, class_names: tuple[str, ...] | None = None, scale: Any = "auto") -> str:
    with pytest.raises(UserError) as caught:
        read(path, class_names, scale)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_images_get_a_channel_and_keep_their_bytes(tmp_path: Path) -> None:
    splits = read(saved(tmp_path))
    assert splits.info.input_shape == (4, 4, 1)
    assert splits.train.x.dtype == np.uint8
    assert np.array_equal(splits.train.x[..., 0], X)
    assert splits.train.labels.tolist() == Y.tolist()
    assert (splits.info.num_classes, splits.info.class_names) == (3, ("0", "1", "2"))


def test_points_and_floats_become_float32_unscaled(tmp_path: Path) -> None:
    points = np.linspace(-3, 3, 24).reshape(12, 2)
    splits = read(saved(tmp_path, x_train=points, x_test=points[:6]))
    assert (splits.info.input_shape, splits.info.scale) == ((2,), 1.0)
    assert splits.train.x.dtype == np.float32
    assert np.array_equal(splits.train.x, points.astype(np.float32))


def test_labels_in_a_column_are_taken(tmp_path: Path) -> None:
    assert read(saved(tmp_path, y_train=Y[:, None])).train.labels.tolist() == Y.tolist()


def test_class_names_are_taken(tmp_path: Path) -> None:
    assert read(saved(tmp_path), ("a", "b", "c")).info.class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"y_test": None}, "y_test missing. The archive holds x_test, x_train, y_train."),
        (
            {"y_train": Y + 1, "y_test": Y[:6] + 1},
            "labels 1 to 3, but classes are counted from 0: subtract 1",
        ),
        ({"y_train": Y - 1}, "label -1 is negative"),
        ({"y_train": Y * 2}, "y_train has labels up to 4 for 5 classes, but no row of class 1, 3."),
        ({"y_test": Y[:6] + 5}, "y_test holds label 7, and the classes are 0 to 2."),
        ({"y_train": Y.astype(float)}, "labels are integers from 0: y_train.astype('int32')"),
        ({"y_train": np.eye(3)[Y]}, "looks one-hot; needed is the class of each row: y_train.argmax(axis=1)"),
        ({"y_train": Y[:5]}, "5 labels for 12 rows of x_train."),
        ({"y_train": np.zeros(12, int)}, "holds the label 0 alone; two classes at least are needed."),
        ({"x_test": X[:6, :3]}, "a row of x_train has shape (4, 4), one of x_test (3, 4)."),
        ({"x_test": X[:6].astype(float)}, "x_train is uint8, x_test float64; both must be alike."),
        ({"x_train": X[:0], "y_train": Y[:0]}, "y_train: empty."),
        ({"x_train": X[:, 0, 0], "x_test": X[:6, 0, 0]}, "needed are images [n, height, width]"),
        (
            {"x_train": np.zeros((12, 4, 4, 2)), "x_test": np.zeros((6, 4, 4, 2))},
            "has 2 channels; 1, 3 or 4 are possible.",
        ),
        ({"x_train": np.full((12, 2), np.nan), "x_test": np.zeros((6, 2))}, "row 0 holds NaN, infinity"),
        ({"x_train": X.astype(str), "x_test": X[:6].astype(str)}, "integers or floats are needed."),
        ({"x_train": X.astype(object)}, "pickled Python objects, which are not read."),
    ],
)
def test_what_is_no_classification_problem_is_told(tmp_path: Path, changes: dict[str, Any], line: str) -> None:
    assert line in error(saved(tmp_path, **changes))


FLOATS = X.astype(np.float64)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"x_train": X.astype(np.int64), "x_test": X[:6].astype(float)},
            "x_train goes from 0 to 191, unscaled and not as bytes. Give dataset.scale=255, which divides by that, "
            "or save x_train.astype('uint8') and the others so; dataset.scale=1 takes the values as they are.",
        ),
        ({"x_train": FLOATS * 1.3, "x_test": FLOATS[:6] * 1.3}, "Give dataset.scale=255, which divides by that; "),
        ({"x_train": X.astype(np.uint16) * 257, "x_test": X[:6].astype(np.uint16) * 257}, "Give dataset.scale=65535,"),
        ({"x_train": FLOATS / 12, "x_test": FLOATS[:6] / 12}, "from 0 to 15.9167, unscaled and not as bytes."),
        ({"x_train": FLOATS - 100, "x_test": FLOATS[:6] - 100}, "x_train goes from -100 to 91, unscaled"),
        ({"x_train": FLOATS[..., None], "x_test": FLOATS[:6, ..., None]}, "Give dataset.scale=255"),
        (
            {"x_train": FLOATS, "x_test": FLOATS[:6] / 255},
            "x_train goes from 0 to 191, x_test from 0 to 0.372549. Bring both to one scale.",
        ),
        ({"x_train": FLOATS / 255, "x_test": FLOATS[:6]}, "Bring both to one scale."),
        ({"x_test": X[:6] // 50}, "x_train goes from 0 to 191, x_test from 0 to 1."),
        (
            {"x_train": X // 12, "x_test": X[:6] // 12},
            "x_train holds bytes from 0 to 15, which a division by 255 would leave below 0.063. Give dataset.scale=15.",
        ),
        (
            {"x_train": (X > 90).astype(np.uint8), "x_test": (X[:6] > 9).astype(np.uint8)},
            "holds bytes from 0 to 1, which a division by 255 would leave below 0.0078. Give dataset.scale=1.",
        ),
    ],
)
def test_pixels_of_another_scale_are_refused_with_the_cure(tmp_path: Path, changes: dict[str, Any], line: str) -> None:
    path = saved(tmp_path, **changes)
    assert line in error(path)
    if "Bring both" in line:
        assert line in error(path, scale=255.0)
    # As it was before there was a choice: a run of then is trained on the same rows again.
    before = read(path, scale=None)
    assert before.info.scale == (1 / 255 if before.train.x.dtype == np.uint8 else 1.0)


def test_whole_pixels_of_any_dtype_become_bytes_when_asked(tmp_path: Path) -> None:
    plain = read(saved(tmp_path))
    splits = read(saved(tmp_path, x_train=X.astype(np.int64), x_test=FLOATS[:6]), scale=255.0)
    assert splits.train.x.dtype == splits.test.x.dtype == np.uint8
    assert splits.info == plain.info


def test_other_scales_stay_in_the_network(tmp_path: Path) -> None:
    sixteen = X.astype(np.uint16) * 257
    splits = read(saved(tmp_path, x_train=sixteen, x_test=sixteen[:6]), scale=65535.0)
    assert (splits.train.x.dtype, splits.info.scale) == (np.float32, 1 / 65535)
    assert splits.train.x.max() == sixteen.max()
    np.testing.assert_allclose(splits.info.shown(splits.train.x), X[..., None] / 255, rtol=1e-6)
    assert read(saved(tmp_path, x_train=X // 12, x_test=X[:6] // 12), scale=16.0).info.scale == 1 / 16
    assert "dataset.scale=255 would leave nothing beyond 0.0029 of x_train, which goes from 0 to 0.749" in error(
        saved(tmp_path, x_train=FLOATS / 255, x_test=FLOATS[:6] / 255), scale=255.0
    )


@pytest.mark.parametrize("rows", [FLOATS / 255, (FLOATS - 96) / 40, X > 90, X.astype(np.int8) % 4])
def test_images_of_a_usual_scale_are_taken_as_they_are(tmp_path: Path, rows: Any) -> None:
    splits = read(saved(tmp_path, x_train=rows, x_test=rows[:6]))
    assert (splits.train.x.dtype, splits.info.scale, splits.notes) == (np.float32, 1.0, ())


def test_rows_of_numbers_may_have_any_values_and_flat_pixels_are_told(tmp_path: Path) -> None:
    table = np.random.default_rng(0).lognormal(5, 2, (12, 30))
    assert read(saved(tmp_path, x_train=table, x_test=table[:6])).notes == ()
    flat = FLOATS.reshape(12, 16)
    splits = read(saved(tmp_path, x_train=flat, x_test=flat[:6]))
    assert splits.notes == (
        "x_train holds whole numbers from 0 to 191, as pixels do, and is taken as it is; "
        "dataset.scale=255 divides by that",
    )
    assert (splits.info.scale, splits.train.x.max()) == (1.0, 191)


VALIDATION = {"x_val": X[6:], "y_val": Y[6:]}


def test_validation_rows_are_read_where_both_arrays_are_there(tmp_path: Path) -> None:
    splits = read(saved(tmp_path, **VALIDATION))
    assert splits.validation is not None
    assert np.array_equal(splits.validation.x[..., 0], X[6:])
    assert splits.validation.labels.tolist() == Y[6:].tolist()
    assert splits.notes == ()
    assert splits.info == read(saved(tmp_path)).info
    assert (
        splits.validation_fingerprint()
        != read(saved(tmp_path, **{**VALIDATION, "y_val": Y[5::-1]})).validation_fingerprint()
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"x_val": X[6:, :3]}, "a row of x_train has shape (4, 4), one of x_val (3, 4)."),
        ({"x_val": FLOATS[6:]}, "x_train is uint8, x_val float64; both must be alike."),
        ({"x_val": X[6:] // 200}, None),
        ({"y_val": Y[6:8]}, "y_val: 2 labels for 6 rows of x_val."),
        ({"y_val": Y[6:] + 1}, "y_val holds label 3, and the classes are 0 to 2."),
        ({"y_val": np.eye(3)[Y[6:]]}, "y_val: shape (6, 3) looks one-hot"),
    ],
)
def test_validation_rows_must_fit_the_others(tmp_path: Path, changes: dict[str, Any], line: str | None) -> None:
    path = saved(tmp_path, **{**VALIDATION, **changes})
    if line is None:
        assert read(path).validation is not None  # all black is no other scale
    else:
        assert line in error(path)


def test_what_else_an_archive_holds_is_named(tmp_path: Path) -> None:
    splits = read(saved(tmp_path, x_val=X[6:], names=np.arange(3), x_valid=X, a=Y, b=Y))
    assert splits.validation is None
    assert splits.notes == ("not read of own.npz: a, b, names and 2 more",)


def test_class_names_that_are_too_few_or_twice_are_told(tmp_path: Path) -> None:
    assert "y_train holds label 2, and class_names are 2." in error(saved(tmp_path), ("a", "b"))
    assert "holds a name twice" in error(saved(tmp_path), ("a", "b", "a"))


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    assert "there is no such file or folder" in error(tmp_path / "nothing.npz")
    assert "this is a folder; a file is needed" in error(tmp_path)
    (tmp_path / "text.npz").write_text("hello")
    assert "this is not an intact .npz archive" in error(tmp_path / "text.npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    assert "this is not an intact .npz archive" in error(tmp_path / "empty.npz")


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    evil = np.empty(12, object)
    evil[:] = [Evil() for _ in range(12)]
    assert "pickled Python objects" in error(saved(tmp_path, x_train=evil))
    assert not (tmp_path / "executed").exists()


def test_a_header_that_claims_more_than_the_file_holds_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key in GOOD:
            stream = io.BytesIO()
            header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28)}
            np.lib.format.write_array_header_1_0(stream, header)
            archive.writestr(f"{key}.npy", stream.getvalue())
    assert "which is not its size" in error(path)


def test_an_archive_that_is_denser_than_data_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "MOST_BYTES_PACKED", 1 << 20)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, **{**GOOD, "x_train": np.zeros((20_000, 28, 28), np.uint8)})
    assert "x_train: 0.0 GB are packed into 0.0 MB, denser than data are." in error(path)
    plain = saved(tmp_path, x_train=np.tile(X, (6000, 1, 1)), y_train=np.arange(72_000) % 3)
    assert len(read(plain).train) == 72_000


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_told(tmp_path: Path, share: float) -> None:
    path = saved(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "this is not an intact .npz archive" in error(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_give_the_data_or_one_line(tmp_path: Path, data: st.DataObject) -> None:
    path = saved(tmp_path)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        assert read(path).info.num_classes >= 2
    except UserError as error:
        assert "\n" not in str(error)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.binary(max_size=80))
def test_any_header_gives_one_line(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key in GOOD:
            archive.writestr(f"{key}.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    assert "this is not an intact .npz archive" in error(path) or "dtype" in error(path)
