"""A person's own data set: one `.npz` with x_train, y_train, x_test and y_test."""

from pathlib import Path

from deeplab.config.schema import NpzConfig
from deeplab.data.archive import read_arrays
from deeplab.data.checks import checked_splits
from deeplab.data.files import existing_file
from deeplab.data.splits import Splits


def load(config: NpzConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """Read and check the archive.

    Rows that are uint8 stay so and are scaled by 1/255 inside the network. Floats, and integers of any
    other dtype, become float32 and are used as they are: scale those yourself. Images without a channel
    axis get one; rows of two axes are points.

    Raises:
        UserError: the file cannot be read, or what it holds is no classification problem.
    """
    where = f"dataset.path={config.path}"
    path = existing_file(config.path, "dataset.path")
    return checked_splits(config.kind, read_arrays(path, where), config.class_names, where)
