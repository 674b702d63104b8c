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

from deeplab.config.errors import UserError
from deeplab.config.schema import NpzConfig
from deeplab.data.load import load
from deeplab.data.splits import Splits

X = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)
Y = np.arange(12) % 3
GOOD: dict[str, Any] = {"x_train": X, "y_train": Y, "x_test": X[:6], "y_test": Y[:6]}


def read(path: Path, class_names: tuple[str, ...] | None = None) -> Splits:
    return load(NpzConfig("npz", str(path), class_names, None, None), Path())


def saved(folder: Path, **changes: Any) -> Path:
    path = folder / "own.npz"
    np.savez(path, **{key: value for key, value in {**GOOD, **changes}.items() if value is not None})
    return path


def error(path: Path, class_names: tuple[str, ...] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read(path, class_names)
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
