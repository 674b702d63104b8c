"""The trials of a sweep or a search, as tables of its report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deeplab.metrics import compared, label_of
from deeplab.report.page import Code, Part, Table, Text
from deeplab.report.provenance import SHORT_ID
from deeplab.report.scores import stored_table
from deeplab.report.sweep_tables import Outcome, setting_cells, short_key, value
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store

# Lines of the finished trials; a page of all of ten thousand has ten megabytes.
MOST_LINES = 1000


def trial_tables(store: Store, run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[Part]:
    """List the finished trials with their scores, and what became of the others."""
    if outcome.trials and outcome.points:
        metrics = [metric.name for metric in compared() if any(line.get(metric.name) for line in outcome.trials)]
        folded = ("fold",) if outcome.folds > 1 else ()
        head = (*map(short_key, outcome.keys), "replicate", *folded, *map(label_of, metrics), "seconds", "run")
        lines = tuple(
            (
                *setting_cells(outcome, line),
                int(line["replicate"]),
                *(int(line[column]) for column in folded),
                *(value(line[metric]) for metric in metrics),
                f"{float(line['seconds']):.1f}",
                Code(line["run"][:SHORT_ID]),
            )
            for line in outcome.trials[:MOST_LINES]
        )
        yield Table("Finished trials", head, lines)
        if len(outcome.trials) > MOST_LINES:
            yield Text(f"The first {MOST_LINES:,} of {len(outcome.trials):,} trials; all of them are in trials.csv.")
    else:
        for table in stored_table(store, run, "trials.csv", "Trials of the search"):
            shown = tuple((*row[:-1], Code(str(row[-1] or "")[:SHORT_ID])) for row in table.rows)
            yield replace(table, rows=shown)
    listed = {line["run"] for line in outcome.trials}
    rest = [row for row in summarize_runs(children, []) if row.id not in listed]
    if rest:
        rows = tuple(
            (
                row.name,
                row.status.lower(),
                *(None if score is None else score.value for score in (row.validation, row.test)),
                row.error,
                Code(row.id[:SHORT_ID]),
            )
            for row in rest
        )
        head = ("trial", "status", "validation", "test", "why", "run")
        yield Table("Other trials", head, rows).without_empty_columns()
