"""The figure of a data set: some images of each class, or a histogram of each column."""

from typing import TYPE_CHECKING

import numpy as np

from deeplab.workflows.describe_data import DataDescription, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from deeplab.plots.data.histograms import Panel


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

    panels = [*_target_panels(data), *_panels(data)]
    count = f"the first {MOST} of {len(panels)}" if len(panels) > MOST else f"{len(panels)}"
    return draw(panels[:MOST], f"{data.splits.info.name}: {count} columns, shares of the rows")


def _target_panels(data: DataDescription) -> "Iterator[Panel]":
    from deeplab.plots.data.histograms import Panel

    splits, parts = data.splits, (data.splits.train, data.splits.test)
    if data.targets:
        train, test = (splits.info.numbers(part.labels) for part in parts)
        for number, target in enumerate(data.targets):
            yield Panel(target.name, train[:, number], test[:, number])
    else:
        train, test = (part.labels.astype(np.float64) for part in parts)
        yield Panel("class", train, test, splits.info.class_names)


def _panels(data: DataDescription) -> "Iterator[Panel]":
    from deeplab.plots.data.histograms import Panel

    parts = (data.splits.train, data.splits.test)
    train, test = (np.asarray(part.x[part.rows], np.float32) for part in parts)
    if data.splits.table is None:
        for number, feature in enumerate(data.columns):
            yield Panel(feature.name, train[:, number], test[:, number])
        return
    for column, first in places(data.splits.table):
        inside = slice(first, first + max(1, len(column.categories)))
        values = [part[:, inside] for part in (train, test)]
        if column.kind == "category":
            learned, tested = (np.where(each.max(axis=1) > 0, each.argmax(axis=1), np.nan) for each in values)
        else:
            learned, tested = (each[:, 0].astype(np.float64) + column.shift for each in values)
        yield Panel(column.name, learned, tested, column.categories, column.kind == "date")
