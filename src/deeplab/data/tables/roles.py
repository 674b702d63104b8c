"""What each column of a table is for, and which rows can be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplab.config.schema import CsvConfig
from deeplab.errors import UserError
from deeplab.files import some
from deeplab.tables.columns import Column
from deeplab.tables.read import no_column


@dataclass(frozen=True)
class Roles:
    """The columns that are used."""

    features: tuple[str, ...]  # that are inputs, in their order
    others: tuple[str, ...]  # the targets, and the column that rows are divided by
    notes: tuple[str, ...]  # what a person should know of them, each a line


def choose_columns(names: Sequence[str], config: CsvConfig, where: str) -> Roles:
    """Tell features from the rest.

    Args:
        names: the columns that there are.
        config: what was asked for.
        where: begins each error.

    Raises:
        UserError: a column is not there or is asked for twice over, or no feature is left.
    """
    divider = config.group or config.time
    others = (*config.targets, *([divider] if divider else []))
    asked = {
        "target": config.targets,
        "group": (config.group,) if config.group else (),
        "time": (config.time,) if config.time else (),
        **{key: getattr(config, key) or () for key in ("features", "drop", "categories", "dates")},
    }
    for key, columns in asked.items():
        for index, name in enumerate(columns):
            if name not in names:
                raise no_column(name, names, f"dataset.{key}")
            if name in columns[:index]:
                raise UserError(f"dataset.{key} names the column '{name}' twice.")
    if divider in config.targets:
        raise UserError(f"{where}: the column '{divider}' cannot be the target and divide the rows.")
    for name in config.features or ():
        if name in config.targets:
            raise UserError(f"dataset.features names the target '{name}', which would be told to the network.")
        if name in config.drop:
            raise UserError(f"dataset.features and dataset.drop both name the column '{name}'.")
    both = [name for name in config.categories if name in config.dates]
    if both:
        raise UserError(f"dataset.categories and dataset.dates both name the column '{both[0]}'.")
    left_out = {*others, *config.drop}
    features = tuple(name for name in config.features or names if name not in left_out)
    if not features:
        raise UserError(f"{where}: no column is left as a feature.")
    notes = []
    if config.group:
        notes.append(f"{config.group} says which rows belong together, and is no feature")
    if config.time:
        notes.append(f"{config.time} says which rows are the latest, and is no feature")
    return Roles(features, others, tuple(notes))


def usable_rows(frame: Any, roles: Roles, config: CsvConfig, where: str) -> tuple[Any, tuple[str, ...]]:
    """The rows that can be used, and what a person should know of those that cannot.

    Raises:
        UserError: a value is missing, and nothing was said of that.
    """
    columns = {name: Column(frame, name, where).missing for name in (*roles.features, *roles.others)}
    missing = {name: int(rows.sum()) for name, rows in columns.items() if rows.any()}
    if not missing:
        return frame, ()
    counts = some([f"{name} ({count:,})" for name, count in missing.items()])
    if config.missing == "refuse":
        raise UserError(
            f"{where}: values are missing in {counts} of {len(frame):,} rows. dataset.missing=drop leaves such rows "
            "out, dataset.missing=impute fills them in."
        )
    needed = (*roles.features, *roles.others) if config.missing == "drop" else roles.others
    lacking = np.any([columns[name] for name in needed], axis=0)
    notes = []
    if lacking.all():
        raise UserError(f"{where}: in every row a value is missing: {counts}.")
    if lacking.any():
        reason = "with a missing value" if config.missing == "drop" else f"without {' or '.join(roles.others)}"
        notes.append(f"{int(lacking.sum()):,} of {len(frame):,} rows are left out, being {reason}")
    if config.missing == "impute" and any(name in missing for name in roles.features):
        counts = some([f"{name} ({count:,})" for name, count in missing.items() if name in roles.features])
        notes.append(f"missing values are filled in, of {counts}: by the training rows' median or most frequent value")
    return frame[~lacking], tuple(notes)
