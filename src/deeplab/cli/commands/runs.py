"""`deeplab runs`: the runs of a store in a table."""

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, reading_files, split, words
from deeplab.cli.lookup import open_store_fast
from deeplab.cli.terminal.tables import console, fit_columns, footnote, score_column, table
from deeplab.cli.terminal.text import duration, to_json
from deeplab.errors import UserError
from deeplab.files import table as csv_table
from deeplab.runs.query import Query, filter_runs
from deeplab.runs.summary import COLUMNS, RunSummary, to_dict
from deeplab.tracking.filter import parse
from deeplab.tracking.find import all_runs

TEXTS = ("id", "name", "kind", "dataset", "model", "status", "why")
LEAST = {"why": 24, "model": 16, "dataset": 13, "name": 20}
LEFT_OUT = ("kind", "dataset", "model", "time")
STYLES = {"FAILED": "red", "KILLED": "red", "DEAD": "red", "RUNNING": "green", "PRUNED": "dim"}


@reading_files
def runs(
    overrides: Annotated[
        list[str] | None, words("[OVERRIDES]...", "tracking.uri=... looks into another store.")
    ] = None,
    where: Annotated[
        str, typer.Option("--where", metavar="FILTER", help="Only those for which it is true.", show_default=False)
    ] = "",
    kind: Annotated[str | None, typer.Option("--kind", help="Only train, trial, sweep, noise, ...")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed, and why.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The trials of sweeps, too.")] = False,
    sort: Annotated[str | None, typer.Option("--sort", metavar="FIELD", help="By any field or column.")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="In the reverse order.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="No more than so many.")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """List runs, the newest first; a sweep stands for its trials.

    deeplab runs --where 'model=cnn* and test/accuracy>0.98' --sort test/accuracy

    A filter compares (= != < <= > >=) params by their long or short names, metrics, tags, status, kind and name, and
    joins with and, or, not and parentheses; in text * stands for anything.
    """
    names, settings = split(overrides or [])
    if names:
        raise UserError(f"'{names[0]}' is no override of the store. To look at a run: deeplab show {names[0]}")
    if as_json and as_csv:
        raise UserError("--json and --csv: choose one of them.")
    parse(where)  # a mistake is told before the store is opened, which takes a second
    store = open_store_fast(settings, config_dir)
    query = Query(where, kind, failed, everything, sort, reverse, limit)
    stored = all_runs(store)
    chosen = filter_runs(stored, query) if stored else []
    if as_json or as_csv:
        (_print_json if as_json else _print_csv)(chosen)
    elif chosen:
        print_table(chosen, failed)
    else:
        print("no run matches" if stored else "no run yet")


def _print_json(chosen: Sequence[RunSummary]) -> None:
    print(to_json([to_dict(row) for row in chosen]))


def _print_csv(chosen: Sequence[RunSummary]) -> None:
    rows = map(to_dict, chosen)
    print(csv_table(COLUMNS, ([row[name] for name in COLUMNS] for row in rows)), end="")


def print_table(chosen: Sequence[RunSummary], failed: bool) -> None:
    """Print a line for each run, and why it ended early where those are asked for that `failed`."""
    columns = {
        "id": [row.id[:8] for row in chosen],
        "name": [row.name for row in chosen],
        "kind": [row.kind for row in chosen],
        "dataset": [row.dataset for row in chosen],
        "model": [row.model for row in chosen],
        "status": [row.status.lower() for row in chosen],
        "epochs": [_epochs(row) for row in chosen],
        **dict([score_column("validation", "val", [row.validation for row in chosen])]),
        **dict([score_column("test", "test", [row.test for row in chosen])]),
        "time": [_time(row) for row in chosen],
        "age": [duration(age(row)) for row in chosen],
    }
    if len(set(columns["kind"])) == 1 and "sweep" not in columns["kind"]:
        del columns["kind"]
    if failed:
        columns["why"] = [row.error or "" for row in chosen]
    screen = console()
    widths = fit_columns(columns, LEAST, screen.width, LEFT_OUT)
    shown = table()
    for head, width in widths.items():
        # Rich would look through all cells for what is known already.
        shown.add_column(head, width=width, overflow="fold", justify="left" if head in TEXTS else "right")
    for number, row in enumerate(chosen):
        shown.add_row(*(columns[head][number] for head in widths), style=STYLES.get(row.status))
    screen.print(shown)
    remark = footnote([row.validation for row in chosen])
    if remark is not None:
        screen.print(remark)
    missing = [head for head in columns if head not in widths]
    if missing:
        screen.print(f"no room for {', '.join(missing)}: a wider terminal or --csv shows more", style="dim")


def _epochs(row: RunSummary) -> str:
    """Format epochs: `10`; `3/10` of what ended early or goes on; `15 x 10` of a sweep of 15 trials."""
    if row.trials is not None:
        return f"{row.trials} x {row.epochs_asked}" if row.epochs_asked else str(row.trials)
    if row.epochs is None:
        return ""
    if row.epochs_asked is None or row.epochs >= row.epochs_asked:
        return str(row.epochs)
    return f"{row.epochs}/{row.epochs_asked}"


def _time(row: RunSummary) -> str:
    seconds = age(row) if row.seconds is None and row.status == "RUNNING" else row.seconds
    return "" if seconds is None else duration(seconds)


def age(row: RunSummary) -> float:
    """Return the seconds since a run began."""
    return max(0.0, time.time() - row.began)
