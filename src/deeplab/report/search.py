"""What a page says of how a sweep was ended, and of a search: its front, and which keys matter."""

import csv
from collections.abc import Iterator

from deeplab.metrics import COSTS, label_of
from deeplab.report.page import Code, Part, Table, Text, read_cell
from deeplab.report.provenance import SHORT_ID
from deeplab.report.sweep_tables import Outcome, setting_cells, short_key, value
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import BUDGET_TAG

IMPORTANCE = (
    "What matters: the share of the variance between finished trials that each key explains by itself (fANOVA, Hutter "
    "and others 2014); what lacks to 1 is of keys together"
)


def search_parts(store: Store, run: Run, outcome: Outcome) -> Iterator[Part]:
    """Say which budget ended it and what is missing, which trials are on the front, and what each key explains."""
    if ended := run.tags.get(BUDGET_TAG):
        yield Text(ended)
    if outcome.trials and "front" in outcome.trials[0]:
        yield from _front(outcome)
    content = read_artifact(store, run, "importance.csv")
    if content is not None:
        first, *rows = csv.reader(content.decode().splitlines())
        head = (first[0], *map(objective_label, first[1:]))
        yield Table(IMPORTANCE, head, tuple((Code(row[0]), *map(value, row[1:])) for row in rows))


def objective_label(name: str) -> str:
    """Name a score or a cost in words."""
    return COSTS.get(name) or label_of(name)


def _front(outcome: Outcome) -> Iterator[Part]:
    names, metric = list(outcome.trials[0]), outcome.metric
    there = names[names.index(metric) : names.index("front")]
    weighed = [name for name in there if name != "n" and not name.startswith(f"{metric} ")]  # these tell its spread
    finished = [line for line in outcome.trials if line["state"] == "COMPLETE"]
    front = [line for line in finished if line["front"]]
    front.sort(key=lambda line: value(line[weighed[1]]) or 0.0)
    told = ", ".join(map(objective_label, weighed))
    yield Text(
        f"{len(front)} of {len(finished)} finished trials are on the Pareto front of {told}: no other one is as good "
        "in each and better in one."
    )
    head = ("trial", *map(short_key, outcome.keys), *map(objective_label, weighed), "run")
    rows = tuple(
        (
            int(line["trial"]),
            *setting_cells(outcome, line),
            *(read_cell(line[name]) for name in weighed),
            Code(line["run"][:SHORT_ID]),
        )
        for line in front
    )
    if rows:
        yield Table(f"The front, by {objective_label(weighed[1])}", head, rows)
