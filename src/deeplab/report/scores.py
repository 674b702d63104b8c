"""The scores of a run on a page: at the end, and epoch by epoch."""

import csv
import math
from collections.abc import Iterator, Sequence

from deeplab.metrics import chosen_by
from deeplab.report.page import Collapsible, Part, Table, Text, table_of
from deeplab.runs.summary import scores_by_data
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.read import read_history
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store

MOST_EPOCHS = 60  # about a printed page; history.csv has them all
BARS = "▁▂▃▄▅▆▇█"
MOST_BARS = 24


def scores(run: Run, caption: str = "Scores") -> Iterator[Part]:
    """List the scores of training, validation and test."""
    by_data = scores_by_data(run.metrics)
    names = {name for values in by_data.values() for name in values}
    # With the ends of the interval that an evaluation has.
    first = [f"{metric.name}{end}" for metric in chosen_by() for end in ("", "_low", "_high")]
    metrics = [*(name for name in first if name in names), *sorted(names - set(first))]
    if metrics:
        rows = tuple((data, *(values.get(metric) for metric in metrics)) for data, values in by_data.items())
        if "train" in by_data and "training/loss" not in run.metrics:
            caption = f"{caption}; those of training are of the last epoch"
        yield Table(caption, ("data", *metrics), rows)
    if "validation" in by_data and validated_on_test(run):
        yield Text("It was validated on the test set: its scores of validation are scores of the test set.")


def stored_table(store: Store, run: Run, path: str, caption: str) -> Iterator[Table]:
    """Read a table that a run left as CSV; nothing where it has none."""
    content = read_artifact(store, run, path)
    if content is not None:
        yield table_of(caption, list(csv.reader(content.decode().splitlines())))


def class_table(store: Store, run: Run) -> Iterator[Table]:
    """Read what a run left of each class; nothing where it has no classes."""
    for table in stored_table(store, run, "classes.csv", "Each class, with 95 % intervals"):
        # What has two names there is shown once: the accuracy of a class is its recall.
        twice = ("acc", "acc_low", "acc_high", "support") if "recall" in table.head else ()
        shown = [place for place, name in enumerate(table.head) if name not in twice]
        rows = tuple(tuple(row[place] for place in shown) for row in table.rows)
        yield Table(table.caption, tuple(table.head[place] for place in shown), rows)


def history(store: Store, run: Run) -> Iterator[Part]:
    """List what was logged epoch by epoch, in brief a line of bars for each metric."""
    metrics = read_history(store, run)
    epochs = sorted({epoch for values in metrics.values() for epoch in values})
    if not epochs:
        return
    # Thinned evenly, the last epoch among them.
    step = -(-len(epochs) // MOST_EPOCHS)
    rows = tuple((epoch, *(values.get(epoch) for values in metrics.values())) for epoch in epochs[::-1][::step][::-1])
    summary = "History, epoch by epoch" if step == 1 else f"History, one of {step} epochs"
    lines = {name: list(values.values()) for name, values in metrics.items()}
    brief = Table(
        "History",
        ("metric", "epochs", "first", "last", "lowest", "highest"),
        tuple(
            (name, sparkline(values, MOST_BARS), values[0], values[-1], min(values), max(values))
            for name, values in lines.items()
        ),
    )
    yield Collapsible(summary, (Table("Metrics by epoch", ("epoch", *metrics), rows),), (brief,))


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw numbers as bars of eight heights between their smallest and their largest, a blank for what is not finite.

    Args:
        values: one after the other; of more than `width` evenly spaced ones are shown, the last among them.
        width: letters at most.
    """
    if len(values) > width:
        values = [values[round(number * (len(values) - 1) / (width - 1))] for number in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    steps = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * steps)] if math.isfinite(value) else " " for value in values)
