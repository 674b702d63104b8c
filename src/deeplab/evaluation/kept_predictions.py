"""`predictions.npz` of a run: what its network said of each test row, in few bytes, so that runs can be held together.

Arrays of plain numbers, which are read without unpickling and within bounds:

- `predicted`: of rows with classes the most likely one, [n], the smallest unsigned integers that hold it; of rows with
  values the numbers given, float32, [n, k].
- `labels`: the true ones, of the same kind and shape.
- `test_rows`: SHA-256, 32 bytes, of the data set's fingerprint and the positions of the rows in it, in their order;
  where two runs have the same, row i of one is row i of the other.
"""

import hashlib
import io
import math
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.scores import Predictions
from deeplab.files import DAMAGE, array_header

FILE = "predictions.npz"
MOST_BYTES = 1 << 26  # of an array; predictions of more are not kept
_KINDS = {"predicted": "uf", "labels": "uf", "test_rows": "u"}


@dataclass(frozen=True)
class KeptPredictions:
    """What a run has kept of its test rows."""

    predicted: NDArray[Any]  # the class of each row, [n], integers; or the numbers given, [n, k], float32
    labels: NDArray[Any]  # the true ones, of the same shape
    test_rows: str  # which rows they are, in which order, as SHA-256

    @property
    def has_classes(self) -> bool:
        """Whether rows have classes and not values."""
        return self.predicted.dtype.kind == "u"


def to_npz(predictions: Predictions, test: Split, info: DatasetInfo) -> bytes | None:
    """Write what was said of the test rows; None where it is too much to keep."""
    if info.num_classes:
        small = np.min_scalar_type(info.num_classes - 1)
        predicted, labels = predictions.classes.astype(small), np.asarray(predictions.labels).astype(small)
    else:
        predicted, labels = predictions.outputs, info.numbers(predictions.labels)
    if max(predicted.nbytes, labels.nbytes) > MOST_BYTES:
        return None
    digest = hashlib.sha256(info.fingerprint.encode() + np.ascontiguousarray(test.rows, "<i8").tobytes()).digest()
    file = io.BytesIO()
    np.savez_compressed(file, predicted=predicted, labels=labels, test_rows=np.frombuffer(digest, np.uint8))
    return file.getvalue()


def from_npz(content: bytes) -> KeptPredictions:
    """Read what `to_npz` wrote.

    Raises:
        ValueError: it is damaged, or not what we write.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = {name: _read(archive, name) for name in _KINDS}
    except DAMAGE as error:
        raise ValueError(f"{FILE} is damaged ({error})") from error
    predicted, labels, rows = arrays["predicted"], arrays["labels"], arrays["test_rows"]
    axes = {"u": 1, "f": 2}[predicted.dtype.kind]
    alike = predicted.shape == labels.shape and predicted.dtype.kind == labels.dtype.kind
    if not alike or predicted.ndim != axes or not len(predicted) or rows.shape != (32,):
        raise ValueError(f"{FILE} does not hold what deeplab writes")
    return KeptPredictions(predicted, labels, rows.tobytes().hex())


def row_scores(kept: KeptPredictions, metric: str) -> NDArray[np.float64] | None:
    """Score each test row by itself, [n], so that the mean is the score of all; None where it is no such mean.

    Args:
        kept: what was said of the rows.
        metric: `accuracy` of classes; `mae` of values.
    """
    if kept.has_classes:
        return (kept.predicted == kept.labels).astype(np.float64) if metric == "accuracy" else None
    errors: NDArray[np.float64] = np.abs(kept.predicted.astype(np.float64) - kept.labels).mean(axis=1)
    return errors if metric == "mae" else None


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        shape, dtype = array_header(stream)
        # NumPy makes room for what a header claims, so it is held against what there is.
        if math.prod(shape) * dtype.itemsize != info.file_size - stream.tell() or info.file_size > MOST_BYTES + 1024:
            raise ValueError(f"{name} claims shape {shape}, which is not its size")
        if dtype.hasobject or dtype.kind not in _KINDS[name]:
            raise ValueError(f"{name} has dtype {dtype}")
    with archive.open(info) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return array
