import io
import zipfile

import numpy as np
import pytest

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation import kept_predictions
from deeplab.evaluation.kept_predictions import from_npz, row_scores, to_npz
from deeplab.evaluation.scores import Predictions


def info(classes: int, targets: tuple[str, ...] = ()) -> DatasetInfo:
    return DatasetInfo("d", (2,), classes, tuple(map(str, range(classes))), "a" * 64, 1.0, targets)


def of_classes(count: int, classes: int) -> tuple[Predictions, Split]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, classes, count).astype(np.int32)
    outputs = rng.random((count, classes), dtype=np.float32)
    return Predictions(outputs, labels), Split.whole(np.zeros((count, 2), np.float32), labels)


@pytest.mark.parametrize(("classes", "dtype"), [(10, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_classes_come_back_in_few_bytes(classes: int, dtype: type) -> None:
    predictions, test = of_classes(10_000, classes)
    content = to_npz(predictions, test, info(classes))
    assert content is not None
    assert len(content) < 60_000
    kept = from_npz(content)
    assert kept.predicted.dtype == dtype
    assert kept.predicted.tolist() == predictions.outputs.argmax(axis=1).tolist()
    assert kept.labels.tolist() == predictions.labels.tolist()
    right = row_scores(kept, "accuracy")
    assert right is not None
    assert right.mean() == np.mean(predictions.outputs.argmax(axis=1) == predictions.labels)
    assert row_scores(kept, "f1_macro") is None


def test_values_come_back_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    targets, outputs = rng.random((50, 2), dtype=np.float32), rng.random((50, 2), dtype=np.float32)
    split = Split.whole(np.zeros((50, 2), np.float32), targets)
    kept = from_npz(to_npz(Predictions(outputs, targets), split, info(0, ("a", "b"))) or b"")
    assert np.array_equal(kept.predicted, outputs)
    assert np.array_equal(kept.labels, targets)
    assert row_scores(kept, "mae") == pytest.approx(np.abs(outputs - targets).mean(axis=1))
    assert row_scores(kept, "accuracy") is None


def test_the_rows_are_told_apart_by_data_positions_and_order() -> None:
    predictions, test = of_classes(6, 3)
    other = DatasetInfo("d", (2,), 3, ("0", "1", "2"), "b" * 64, 1.0)
    turned = Split(test.x, test.y, test.rows[::-1])
    names = [
        from_npz(to_npz(predictions, split, facts) or b"").test_rows
        for split, facts in ((test, info(3)), (test, info(3)), (turned, info(3)), (test, other))
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_what_is_too_much_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_predictions, "MOST_BYTES", 99)
    predictions, test = of_classes(100, 3)
    assert to_npz(predictions, test, info(3)) is None


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(array) for name, array in arrays.items()})
    return file.getvalue()


def claiming(shape: str) -> bytes:
    """An archive whose first array claims a shape that it has no bytes for."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("predicted", "labels", "test_rows"):
            content = io.BytesIO()
            header = {"descr": "|u1", "fortran_order": False, "shape": (8,)}
            np.lib.format.write_array_header_1_0(content, header)
            text = content.getvalue().replace(b"(8,)", shape.encode())
            archive.writestr(f"{name}.npy", text + bytes(8))
    return file.getvalue()


ROWS = np.zeros(32, np.uint8)
CLASSES = np.zeros(4, np.uint8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        npz(predicted=CLASSES, labels=CLASSES, test_rows=ROWS)[:-40],
        npz(predicted=CLASSES, labels=CLASSES),
        npz(predicted=CLASSES, labels=CLASSES[:3], test_rows=ROWS),
        npz(predicted=CLASSES, labels=CLASSES.astype(float), test_rows=ROWS),
        npz(predicted=np.zeros((4, 2), np.uint8), labels=np.zeros((4, 2), np.uint8), test_rows=ROWS),
        npz(predicted=np.float32(1), labels=np.float32(1), test_rows=ROWS),
        npz(predicted=CLASSES[:0], labels=CLASSES[:0], test_rows=ROWS),
        npz(predicted=CLASSES, labels=CLASSES, test_rows=ROWS[:5]),
        npz(predicted=np.array(["a"]), labels=np.array(["a"]), test_rows=ROWS),
        npz(predicted=np.array([{}], object), labels=np.array([{}], object), test_rows=ROWS),
        claiming("(99999999999999,)"),
        claiming("(-1,)"),
    ],
)
def test_damage_and_strangers_are_told(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"predictions\.npz"):
        from_npz(content)
