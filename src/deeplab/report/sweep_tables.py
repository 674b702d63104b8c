"""The points of a sweep as its tables have them: of the parent where it has any, else from the trials so far."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deeplab.errors import UserError
from deeplab.files import DAMAGE
from deeplab.metrics import compared, known_metric
from deeplab.report.page import Cell, Code
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import Summary, TrialScores, scores_in, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.artifacts import check_code, read_artifact
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.numbers import number_of, whole_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import FOLDS_TAG, MARGIN_TAG, POINT_TAG, REPLICATE_TAG
from deeplab.visible import visible_line

PARTS = ("mean", "deviation", "interval", "minimum", "maximum")
# Of the folds of one training set any two share examples to learn from.
OVERLAP = (
    "The trainings of folds share examples, so 95 % intervals are corrected as by Nadeau and Bengio (2003): the "
    "variance of a mean is taken as s² (1/n + 1/{})."
)
ALL_PAIRS = (
    "Differences to the best are of the same seeds and folds; their 95 % t-intervals are corrected for all pairs of "
    "points (Bonferroni), so that all words hold together although the best was chosen by the same scores."
)
Line = Mapping[str, str]
# Columns that lines of the tables must have: the number, the first behind the settings, others; and what is in them.
_POINTS = ("point", "n", "planned", "best", "difference", "seconds")
_TRIALS = ("point", "replicate", "run", "seconds")
_DRAWN = ("trial", "state", "run")
_WHOLE = ("point", "trial", "replicate", "fold", "n", "planned")
_NUMBERS = ("seconds", "difference", "corrected_interval")


@dataclass(frozen=True)
class Outcome:
    """What came of a sweep."""

    keys: tuple[str, ...]  # that were swept
    points: tuple[Line, ...]  # lines of `points.csv`
    trials: tuple[Line, ...]  # lines of `trials.csv`
    metric: str  # that points are compared by
    folds: int = 1  # of the training set, that each point was trained with one after the other
    margin: float | None = None  # of a decision, whose intervals hold after every seed; None of a sweep

    @property
    def best(self) -> int | None:
        """Number of the best point, or None where there is none."""
        return next((number for number, line in enumerate(self.points) if line["best"]), None)


def outcome_of(axes: Sequence[Axis], summary: Summary) -> Outcome:
    """Make the outcome of a sweep that is summed up."""
    points, trials = _lines(points_table(axes, summary)), _lines(trials_table(axes, summary))
    return Outcome(tuple(axis.key for axis in axes), points, trials, summary.metric, summary.folds, summary.margin)


def read_outcome(store: Store, run: Run, children: Sequence[Run]) -> Outcome:
    """Read what came of a sweep.

    Args:
        store: where it is.
        run: of the sweep.
        children: its trials.
    """
    names = [each.name for each in compared()]
    if known_metric(run.params.get("sweep.metric", names[0])) is None:
        check_code(store, run)  # which direction is the better one, only its code tells
    metric = next((name for name in names if name == run.params.get("sweep.metric")), names[0])
    points, trials = _table(store, run, "points.csv"), _table(store, run, "trials.csv")
    margin = number_of(run.tags, MARGIN_TAG) if MARGIN_TAG in run.tags else None
    if not points and not trials:
        return summed_up(store, run, children) or Outcome((), (), (), metric, margin=margin)
    keys: tuple[str, ...] = ()
    if points:
        keys = tuple(points[0])[1 : tuple(points[0]).index("n")]
    elif trials:  # of a search, which has no points
        keys = tuple(trials[0])[1 : tuple(trials[0]).index("state")]
    return Outcome(keys, points, trials, metric, _folds(run), margin)


def settings_of(outcome: Outcome, line: Line) -> str:
    """Name a point in words, as in `l2=0.001, model=cnn`."""
    return ", ".join(f"{key.rpartition('.')[2]}={line[key]}" for key in outcome.keys)


def cells(line: Line, metric: str) -> Iterator[Cell]:
    """Yield mean, deviation, interval, minimum and maximum of a score at a point; of one trial the mean says it all."""
    for part in PARTS:
        yield value(line.get(f"{metric} {part}", "")) if part == "mean" or line["n"] != "1" else None


def candidates_in(trials: Sequence[Line]) -> list[Line]:
    """Choose the trials of a search among which the best is: finished ones, those on the front where there is one."""
    finished = [line for line in trials if line.get("state", "COMPLETE") == "COMPLETE"]
    return [line for line in finished if line.get("front")] or finished


def value(text: str) -> float | None:
    """Read a number of a table, or None where it has none."""
    return float(text) if text else None


def _table(store: Store, run: Run, path: str) -> tuple[Line, ...]:
    """Read a table that a sweep left; a UserError where somebody made another of it."""
    content = read_artifact(store, run, path)
    try:
        lines = () if content is None else _lines(content.decode())
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path} of the sweep {run.label} cannot be read ({error}).") from error
    needed = _POINTS if path == "points.csv" else _TRIALS if lines and "state" not in lines[0] else _DRAWN
    for line in lines:
        if gone := next((name for name in needed if line.get(name) is None), None):
            raise UserError(f"{path} of the sweep {run.label} has a line without {gone}; deeplab did not write it so.")
        columns = list(line)
        for column in (needed[0], *columns[columns.index(needed[1]) :]):  # settings may be anything
            if column in _WHOLE:
                whole_of(line, column)
            elif line[column] and (column in _NUMBERS or "/" in str(column)):
                number_of(line, column)
    return lines


def _lines(text: str) -> tuple[Line, ...]:
    return tuple(csv.DictReader(text.splitlines()))


def summed_up(store: Store, run: Run, children: Sequence[Run]) -> Outcome | None:
    """Sum up a sweep from its plan and what is finished of it; None without a plan."""
    content = read_artifact(store, run, "plan.json")
    if content is None:
        return None
    finished, folds = [_scores(child) for child in children if child.status == "FINISHED"], _folds(run)
    try:
        plan: dict[str, Any] = json.loads(content)
        axes = [Axis(axis["key"], tuple(axis["values"])) for axis in plan["axes"]]
        metric = plan["config"]["sweep"]["metric"]
        return outcome_of(axes, summarise(plan["points"], finished, metric, plan["replicates"], folds))
    except (*DAMAGE, AttributeError, RecursionError) as error:
        raise UserError(f"plan.json of the sweep {run.label} cannot be used ({visible_line(repr(error))}).") from error


def _folds(run: Run) -> int:
    return whole_of(run.tags, FOLDS_TAG, "1")


def _scores(child: Run) -> TrialScores:
    tags, metrics = child.tags, child.metrics
    seconds = metrics.get("time/training_seconds", 0.0)
    point, replicate = whole_of(tags, POINT_TAG), whole_of(tags, REPLICATE_TAG)
    return TrialScores(point, replicate, child.id, scores_in(metrics), seconds, validated_on_test(child))


def short_key(key: str) -> str:
    """The last part of a key, as the head of a column."""
    return key.rpartition(".")[2]


def setting_cells(outcome: Outcome, line: Line) -> Iterator[Cell]:
    """The values of the keys of a point."""
    yield from (Code(line[key]) for key in outcome.keys)
