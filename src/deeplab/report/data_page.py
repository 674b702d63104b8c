"""The page of a data set before anything is trained."""

from collections.abc import Iterable, Iterator

import numpy as np

from deeplab.data.splits import Split
from deeplab.report.page import Cell, KeyValues, Page, Part, Section, Table, Text
from deeplab.workflows.describe_data import Column, DataDescription

MOST_CLASSES = 50
MOST_VALUES = 6


def data_page(data: DataDescription) -> Page:
    """Put what is known of a data set on a page."""
    info = data.splits.info
    shape = "x".join(map(str, info.input_shape))
    kind = "images" if info.is_image else "numbers"
    dtype = "bytes" if data.splits.train.x.dtype == np.uint8 else "floats"
    said = f"{info.num_classes} classes" if info.num_classes else f"values to predict: {len(data.targets)}"
    return Page(
        title=info.name,
        about=(f"{shape} {kind} ({dtype}), {said}; fingerprint {info.fingerprint[:8]}",),
        highlights=(),
        sections=(
            Section("Rows", (_rows(data), *_notes(data))),
            Section("Channels" if info.is_image else "Features", (_columns(data.columns),)),
            Section("Categories", (_categories(data),) if data.categories else ()),
            Section("Targets", (_columns(data.targets),) if data.targets else ()),
            Section("Duplicates", (_duplicates(data),)),
        ),
    )


def as_values(data: DataDescription) -> dict[str, object]:
    """The same as plain values, for other programs."""
    info = data.splits.info
    return {
        "name": info.name,
        "fingerprint": info.fingerprint,
        "input_shape": info.input_shape,
        "class_names": info.class_names,
        "rows": {name: len(part) for name, part in data.parts.items()},
        "classes": {name: _counts(part, info.num_classes) for name, part in data.parts.items() if info.num_classes},
        "columns": [vars(column) for column in data.columns],
        "categories": [vars(category) for category in data.categories],
        "targets": [vars(column) for column in data.targets],
        "duplicates": {**vars(data.duplicates), **{f"{part}_in_training": n for part, n in data.overlaps.items()}},
        "notes": data.notes,
    }


def _rows(data: DataDescription) -> Table:
    names = data.splits.info.class_names
    counts = [_counts(part, len(names)) for part in data.parts.values()]
    totals: tuple[Cell, ...] = ("all", *(len(part) for part in data.parts.values()))
    rows = [(name, *row) for name, row in zip(names, zip(*counts, strict=True), strict=True)] if names else []
    more = len(rows) - MOST_CLASSES
    rest = [(f"{more} more", *(sum(each) for each in zip(*[row[1:] for row in rows[MOST_CLASSES:]], strict=True)))]
    shown = (totals, *rows[:MOST_CLASSES], *(rest if more > 0 else []))
    return Table("", ("class" if names else "", *data.parts), shown)


def _counts(part: Split, classes: int) -> list[int]:
    return np.bincount(part.labels, minlength=classes).tolist() if classes else []


def _notes(data: DataDescription) -> Iterator[Part]:
    yield from map(Text, data.notes)
    constant = [column.name for column in data.columns if column.is_constant]
    if constant:
        shown = ", ".join(constant[:10]) + (f" and {len(constant) - 10} more" if len(constant) > 10 else "")
        yield Text(f"always the same value, from which nothing can be learned: {shown}")


def _columns(columns: Iterable[Column]) -> Table:
    head = ("", "smallest", "median", "mean", "deviation", "largest", "missing")
    rows = []
    for each in columns:
        low, median, mean, high = (
            _day(value) if each.is_date else value for value in (each.smallest, each.median, each.mean, each.largest)
        )
        deviation = f"{each.deviation:.0f} days" if each.is_date else each.deviation
        rows.append((each.name, low, median, mean, deviation, high, each.missing or None))
    return Table("", head, tuple(rows)).without_empty_columns()


def _day(value: float) -> Cell:
    return str(np.datetime64(int(value), "D")) if np.isfinite(value) else None


def _categories(data: DataDescription) -> Table:
    rows = []
    for category in data.categories:
        most = sorted(category.counts.items(), key=lambda pair: -pair[1])
        more = f" and {len(most) - MOST_VALUES} more" if len(most) > MOST_VALUES else ""
        values = ", ".join(f"{value} {count:,}" for value, count in most[:MOST_VALUES]) + more
        rows.append((category.name, len(most), values, category.missing or None))
    return Table("", ("", "values", "rows of each", "missing"), tuple(rows)).without_empty_columns()


def _duplicates(data: DataDescription) -> KeyValues:
    sizes = {name: len(part) for name, part in data.parts.items()}
    found = data.duplicates
    overlaps = (
        (f"{part} rows that are training rows, too", f"{count:,} of {sizes[part]:,}")
        for part, count in data.overlaps.items()
    )
    return KeyValues(
        (
            *overlaps,
            ("training rows that repeat another", f"{found.in_training:,} of {len(data.splits.train):,}"),
            ("test rows that repeat another", f"{found.in_test:,} of {sizes['test']:,}"),
            ("rows that occur with different labels", f"{found.conflicting:,}"),
        )
    )
