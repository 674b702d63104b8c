"""Rows to score on that are rows to learn from, too."""

from pathlib import Path

import numpy as np
import pytest

from deeplab.data import overlap
from deeplab.data.noise import Noise
from deeplab.data.overlap import row_hashes, seen_rows
from deeplab.data.splits import Split


def split(x: np.ndarray, noise: Noise | None = None) -> Split:
    return Split(x, np.zeros(len(x), np.int32), np.arange(len(x)), noise)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_equal_rows_are_counted_one_by_one_whatever_their_noise(dtype: type) -> None:
    x = np.arange(40 * 16, dtype=np.int64).reshape(40, 4, 4, 1) % 251
    x = x.astype(dtype)
    test = np.concatenate([x[5:8], x[5:6], x[:2] + dtype(1)])
    learned = set(row_hashes(split(x, Noise("masking", 0.5, 0, "train"))))
    assert seen_rows(split(test, Noise("masking", 0.5, 0, "test")), learned) == 4
    assert seen_rows(split(test).subset(slice(4, None)), learned) == 0


def test_rows_of_a_file_are_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).integers(0, 256, (50, 3, 3, 1), dtype=np.uint8)
    np.save(tmp_path / "rows.npy", x)
    mapped = split(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    monkeypatch.setattr(overlap, "BLOCK_BYTES", 70)  # seven rows
    sizes = []
    images = Split.images
    monkeypatch.setattr(Split, "images", lambda self, rows: sizes.append(rows) or images(self, rows))
    assert list(row_hashes(mapped.subset(slice(None, None, -1)))) == list(row_hashes(split(x[::-1])))
    assert {rows.stop - rows.start for rows in sizes} == {7}
