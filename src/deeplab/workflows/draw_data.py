"""The figure of a data set: some images of each class, or a histogram of each column."""

from typing import TYPE_CHECKING

import numpy as np

from deeplab.workflows.describe_data import DataDescription

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_data(data: DataDescription) -> bytes:
    """Draw a data set as PNG."""
    from deeplab.plots.style import to_png

    return to_png(_contact_sheet(data) if data.splits.info.is_image else _histograms(data))


def _contact_sheet(data: DataDescription) -> "Figure":
    from deeplab.plots.data.contact_sheet import COLUMNS, MOST_CLASSES, draw

    info, train = data.splits.info, data.splits.train
    if not info.num_classes:
        some = np.linspace(0, len(train) - 1, min(len(train), 3 * COLUMNS)).astype(np.int64)
        rows = [info.shown(train.images(part)) for part in np.array_split(some, -(-len(some) // COLUMNS))]
        return draw(rows, (), f"{info.name}: {len(some)} of {len(train):,} training images")
    labels = train.labels
    shown = min(info.num_classes, MOST_CLASSES)
    rows = [info.shown(train.images(np.flatnonzero(labels == label)[:COLUMNS])) for label in range(shown)]
    more = f", the first {shown} of {info.num_classes} classes" if shown < info.num_classes else ""
    return draw(rows, info.class_names[:shown], f"{info.name}: the first training images of each class{more}")


def _histograms(data: DataDescription) -> "Figure":
    from deeplab.plots.data.histograms import MOST, draw

    splits = data.splits
    columns = [*data.targets, *data.columns]
    parts = []
    for part in (splits.train, splits.test):
        rows = part.images(slice(None)).astype(np.float32)
        values = [splits.info.numbers(part.labels)] if data.targets else []
        parts.append(np.concatenate([*values, rows], axis=1)[:, :MOST])
    shown = [column.name for column in columns[:MOST]]
    more = f"the first {len(shown)} of {len(columns)}" if len(shown) < len(columns) else f"{len(shown)}"
    return draw(parts[0], parts[1], shown, f"{splits.info.name}: {more} columns, shares of the rows")
