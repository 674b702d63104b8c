"""What examples and their values are standardised by: means and deviations of those to learn from."""

from dataclasses import replace

import numpy as np

from deeplab.data.splits import Split
from deeplab.data.tables.spec import TableSpec
from deeplab.dataset_info import DatasetInfo, Standardization

BLOCK_ROWS = 4096


def standardize(
    info: DatasetInfo, train: Split, inputs: bool, targets: bool, table: TableSpec | None = None
) -> DatasetInfo:
    """Add to the facts what rows and values are standardised by.

    Args:
        info: of the data set.
        train: the examples to learn from, without those that are held out; nothing else is looked at.
        inputs: whether rows are: each feature of points by itself, each channel of images.
        targets: whether values are; classes are not.
        table: the columns that rows are made of; features of 0 and 1 stay as they are.
    """
    return replace(
        info,
        inputs=_of_inputs(info, train, table) if inputs else None,
        targets=_of_targets(info, train) if targets and not info.num_classes else None,
    )


def _of_inputs(info: DatasetInfo, train: Split, table: TableSpec | None) -> Standardization:
    # Two passes in float64: one pass would lose what differs in columns of large numbers, as years are.
    def mean_over_rows(centre: np.ndarray | float, power: int) -> np.ndarray:
        total, count = np.zeros(info.input_shape[-1]), 0
        for start in range(0, len(train), BLOCK_ROWS):
            block = train.images(slice(start, start + BLOCK_ROWS)).astype(np.float64) * info.scale
            values = block.reshape(-1, info.input_shape[-1]) - centre
            total += (values**power).sum(axis=0)
            count += len(values)
        return total / count

    mean = mean_over_rows(0.0, 1)
    variance = mean_over_rows(mean, 2)
    if table is not None:
        mean, variance = np.where(table.is_scaled, mean, 0.0), np.where(table.is_scaled, variance, 1.0)
    return Standardization.of(mean, variance)


def _of_targets(info: DatasetInfo, train: Split) -> Standardization:
    values = info.numbers(train.labels).astype(np.float64)
    return Standardization.of(values.mean(axis=0), values.var(axis=0))
