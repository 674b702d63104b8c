"""Which runs a table shows, and in what order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deeplab.errors import UserError, nearest
from deeplab.runs.summary import RunSummary, summarize_runs
from deeplab.tracking.field_names import names_in, select, values_of
from deeplab.tracking.filter import Value, as_number
from deeplab.tracking.run import Run
from deeplab.tracking.tags import KIND_TAG, PARENT_TAG

FAILURES = ("FAILED", "KILLED", "DEAD")
TRIAL = "trial"
COLUMNS: dict[str, Callable[[RunSummary], Value | None]] = {
    "dataset": lambda row: row.dataset,
    "model": lambda row: row.model,
    "epochs": lambda row: row.epochs_asked if row.epochs is None else row.epochs,
    "validation": lambda row: row.validation.value if row.validation else None,
    "test": lambda row: row.test.value if row.test else None,
    "time": lambda row: row.seconds,
    "age": lambda row: -row.began,
}
_Key = tuple[int, float, str]


@dataclass(frozen=True)
class Query:
    """What is asked for."""

    where: str = ""  # a filter, or nothing; a sweep is there for its trials and is shown where one of them matches
    kind: str | None = None
    failed: bool = False  # only what failed, was killed or died, trials among it
    trials: bool = False  # show trials beside their sweeps, too
    sort: str | None = None  # a column or any field of a run, or None for the newest first
    reverse: bool = False
    limit: int | None = None


def filter_runs(runs: Sequence[Run], query: Query) -> list[RunSummary]:
    """Choose and order the rows of a table from all runs of the store, the newest first."""
    matching = _visible(runs, select(runs, query.where), query)
    if query.kind is not None:
        matching = _of_kind(runs, matching, query.kind)
    if query.failed:
        matching = [run for run in matching if run.shown_status in FAILURES]
    chosen = summarize_runs(matching, runs)
    if query.sort is None:
        return (chosen[::-1] if query.reverse else chosen)[: query.limit]
    keys = _keys(runs, matching, chosen, query.sort)
    known = [(key, row) for key, row in zip(keys, chosen, strict=True) if key is not None]
    unknown = [row for key, row in zip(keys, chosen, strict=True) if key is None]
    known.sort(key=lambda pair: pair[0], reverse=query.reverse)
    return ([row for _, row in known] + unknown)[: query.limit]


def _visible(runs: Sequence[Run], matching: Sequence[Run], query: Query) -> list[Run]:
    """Return what matches, the sweep in the place of its trials where those are not asked for."""
    if query.trials or query.failed or query.kind is not None:
        return list(matching)
    known = {run.id for run in runs}
    stands_for = {run.id: run.tags.get(PARENT_TAG) for run in runs if run.tags.get(KIND_TAG) == TRIAL}
    shown = {run.id for run in matching}
    # A trial whose sweep is gone is shown itself.
    shown = {parent if (parent := stands_for.get(each)) in known and parent else each for each in shown}
    return [run for run in runs if run.id in shown]


def _of_kind(runs: Sequence[Run], matching: Sequence[Run], kind: str) -> list[Run]:
    kinds = sorted({run.tags.get(KIND_TAG, "") for run in runs} - {""})
    if kind not in kinds:
        raise UserError(f"--kind: no run is of kind '{kind}'. {nearest(kind, kinds)}There are: {', '.join(kinds)}.")
    return [run for run in matching if run.tags.get(KIND_TAG) == kind]


def _keys(runs: Sequence[Run], matching: Sequence[Run], chosen: Sequence[RunSummary], field: str) -> list[_Key | None]:
    """Return what each run is sorted by: numbers by size, before texts; None for a run without the value."""
    if field in COLUMNS:
        return [_key(COLUMNS[field](row)) for row in chosen]
    names = names_in(runs, field, "--sort", COLUMNS)
    values = map(values_of, matching)
    return [_key(next((own[name] for name in names if name in own), None)) for own in values]


def _key(value: Value | None) -> _Key | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    number = as_number(value)
    return (1, 0.0, str(value).lower()) if number is None else (0, number, "")
