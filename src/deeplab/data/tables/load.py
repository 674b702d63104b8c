"""A person's own table: `dataset=csv dataset.path=FILE dataset.target=COLUMN`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deeplab.config.schema import CsvConfig
from deeplab.data.fingerprint import fingerprint
from deeplab.data.splits import Split, Splits
from deeplab.data.tables.divide import divide, in_order, row_groups
from deeplab.data.tables.encode import encode_rows, unknown_categories
from deeplab.data.tables.fit import fit_columns
from deeplab.data.tables.missing import filled_splits
from deeplab.data.tables.roles import choose_columns, usable_rows
from deeplab.data.tables.spec import TableSpec
from deeplab.data.tables.targets import encode_targets, fit_targets, has_classes, read_classes, target_note
from deeplab.dataset_info import DatasetInfo
from deeplab.files import some
from deeplab.tables.read import TextFormat, read_table


@dataclass(frozen=True)
class Part:
    """Rows of one file."""

    frame: Any  # a `pandas.DataFrame`, whose index counts the rows of the file
    where: str  # begins each error
    notes: tuple[str, ...] = ()  # what a person should know, each a line


def load(config: CsvConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """Read and check the table, divide its rows and encode them as float32 [n, features].

    What is missing is NaN until `fill_splits` fills it in by the rows to learn from.

    Raises:
        UserError: the file cannot be read, or cannot be what was asked for.
    """
    return _load(config, None)


def load_as_learned(config: CsvConfig, learned: TableSpec) -> Splits:
    """Read the table for a network that was trained on another one, or on the same.

    Args:
        config: where the table is, and how its rows are divided.
        learned: the columns, categories and classes that the network knows, and what stands for missing values.

    Raises:
        UserError: the file cannot be read, or lacks a column or a value.
    """
    of_kind = {
        kind: tuple(column.name for column in learned.columns if column.kind == kind) for kind in ("category", "date")
    }
    features = tuple(column.name for column in learned.columns)
    config = replace(config, features=features, drop=(), categories=of_kind["category"], dates=of_kind["date"])
    return filled_splits(_load(config, learned), learned)


def _load(config: CsvConfig, learned: TableSpec | None) -> Splits:
    form = TextFormat(config.separator, config.decimal, config.encoding)
    read = read_table(config.path, "dataset.path", form, as_text=config.categories)
    notes = (f"{read.unnamed} column without a name is not read",) if read.unnamed else ()
    table = Part(read.frame, f"dataset.path={config.path}", notes)
    if config.test_path is None:
        return make_splits(config.kind, table, None, config, learned)
    roles = choose_columns(list(read.frame.columns), config, table.where)
    names = [*roles.features, *(name for name in roles.others if name not in roles.features)]
    other = read_table(config.test_path, "dataset.test_path", form, names, config.categories)
    given = Part(other.frame, f"dataset.test_path={config.test_path}")
    return make_splits(config.kind, table, given, config, learned)


def make_splits(
    name: str, table: Part, given: Part | None, config: CsvConfig, learned: TableSpec | None = None
) -> Splits:
    """A data set of a table.

    Args:
        name: of the data set.
        table: rows to train on, and to test on where none are given.
        given: rows to test on, or None.
        config: what was asked for.
        learned: what a network knows of its columns; None where that is found out from the rows to train on.

    Raises:
        UserError: the table cannot be that.
    """
    where = table.where
    roles = choose_columns(list(table.frame.columns), config, where)
    is_class = has_classes(table.frame, config, where) if learned is None else learned.targets[0].kind == "class"
    frame, left_out = usable_rows(table.frame, roles, config, where)
    notes = (*table.notes, *roles.notes, *left_out)
    groups = row_groups(frame, config, where)
    classes = read_classes(frame, config.targets[0], where) if is_class else None
    if given is None:
        train, test = divide(classes, len(frame), groups, config, where)
    else:
        train = in_order(groups, config.time is not None, np.random.default_rng(config.split_seed), len(frame))
    spec = learned
    if spec is None:
        columns, remarks = fit_columns(frame, roles.features, train, config, where)
        spec = TableSpec(columns, fit_targets(frame, classes, train, config, where), config.date_format)
        notes = (*notes, *remarks)
    x, y = encode_rows(frame, spec, where, unknown="none"), encode_targets(frame, spec.targets, where)
    if given is None:
        test_frame, test_where, test_split = frame, where, Split(x, y, test)
    else:
        test_where = given.where
        test_frame, left_out = usable_rows(given.frame, roles, config, test_where)
        notes = (*notes, *(f"{test_where}: {note}" for note in left_out), *_on_both(frame, test_frame, config.group))
        test_split = Split.whole(
            encode_rows(test_frame, spec, test_where, unknown="none"),
            encode_targets(test_frame, spec.targets, test_where),
        )
    strange = unknown_categories(test_frame, spec, test_where)
    if strange:
        notes = (*notes, f"test rows have categories that no row to train on has, encoded as none: {some(strange)}")
    class_names = spec.targets[0].class_names
    info = DatasetInfo(
        name=name,
        input_shape=(x.shape[1],),
        num_classes=len(class_names),
        class_names=class_names,
        fingerprint=fingerprint(x, y, train, test_split.x, test_split.y, test_split.rows),
        scale=1.0,
        target_names=() if class_names else config.targets,
    )
    told = config.task in ("classification", "regression")
    return Splits(
        Split(x, y, train),
        test_split,
        info,
        notes=(target_note(spec.targets, told), *notes),
        table=spec,
        groups=groups,
        in_time_order=config.time is not None,
    )


def _on_both(train: Any, test: Any, group: str | None) -> Iterator[str]:
    """That groups are on both sides of a split that somebody else made."""
    if group is not None:
        shared = set(train[group].dropna()) & set(test[group].dropna())
        if shared:
            yield f"{len(shared):,} values of {group} are in both files: test rows are not of their own groups"
