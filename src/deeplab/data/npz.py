"""A person's own data set: one `.npz` with x_train, y_train, x_test and y_test, and maybe x_val and y_val."""

from dataclasses import replace
from pathlib import Path

from deeplab.config.schema import NpzConfig
from deeplab.data.archive import read_archive
from deeplab.data.checks import checked_splits
from deeplab.data.files import existing_file, some
from deeplab.data.splits import Splits


def load(config: NpzConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """Read and check the archive.

    Rows are divided by `config.scale` inside the network. Where that is `auto`, uint8 are divided by 255 and others
    used as they are; images of others with values beyond 10 are refused, as are bytes up to 16 and arrays of different
    scales. Images without a channel axis get one; rows of two axes are points.

    Raises:
        UserError: the file cannot be read, or what it holds is no classification problem.
    """
    where = f"dataset.path={config.path}"
    path = existing_file(config.path, "dataset.path")
    archive = read_archive(path, where)
    splits = checked_splits(config.kind, archive.arrays, config.class_names, where, config.scale)
    if not archive.others:
        return splits
    return replace(splits, notes=(*splits.notes, f"not read of {path.name}: {some(archive.others)}"))
