"""A comparison as tables and sentences, for a terminal, as LaTeX, and as plain values for other programs."""

import math
from dataclasses import asdict
from typing import Any

from deeplab.comparison.across import Across
from deeplab.comparison.groups import Group
from deeplab.comparison.hold import Comparison, Standing
from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import Statistics
from deeplab.report.page import MARK, Cell, Table, number
from deeplab.sweep.results.summary import statistics_of, times

LEAST = 0.00005  # that is seen in four decimals
SHORT = 6  # letters of a fingerprint


def score_table(comparison: Comparison, numbered: bool = True) -> Table:
    """List the groups with their scores, and the words for them; a score of validation on the test set has a mark."""
    score, standings = comparison.score, comparison.standings
    assert score is not None
    several = len({each.group.data for each in standings}) > 1
    head = ("", "group", "data", "n", *(score.metric.on(data).short_label for data in ("val", "test")))
    rows = tuple(
        (
            place + 1 if numbered else None,
            each.group.name,
            _data(each) if several else None,
            _count(each.group),
            _mean(each.validation, each.group.on_test),
            _mean(each.test),
            *_difference(comparison, each),
            "best" if each.is_best else each.word,
        )
        for place, each in enumerate(standings)
    )
    best = [place for place, each in enumerate(standings) if each.is_best]
    table = Table("", (*head, "to best", "95 % interval", "word"), rows, best[0] if len(best) == 1 else None)
    return table.without_empty_columns()


def across_table(across: Across) -> Table:
    """List configurations by their scores over several data sets."""
    rows = tuple(
        (each.name, each.runs, each.middle.mean, _ends(each.middle), *_probability(each.improvement))
        for each in across.rows
    )
    first = across.rows[0].name if across.rows else ""
    head = ("configuration", "n", "interquartile mean", "95 % interval", f"better than {first}", "95 % interval ")
    return Table("", head, rows).without_empty_columns()


def as_values(comparison: Comparison, across: Across | None) -> dict[str, Any]:
    """Return all numbers of a comparison as plain values."""
    test = comparison.row_test
    return {
        "score": comparison.score and comparison.score.name,
        "margin": comparison.margin,
        "groups": [_values(comparison, each) for each in comparison.standings],
        "mcnemar": None if test is None else asdict(test),
        "data_sets": None if across is None else across.data,
        "across": [] if across is None else [asdict(row) for row in across.rows],
        "sentences": [*comparison.sentences, *([across.sentence] if across else [])],
    }


def _values(comparison: Comparison, standing: Standing) -> dict[str, Any]:
    group, found = standing.group, standing.to_best
    names = sorted({name for member in group.members for name in member.scores})
    return {
        "name": group.name,
        "n": len(group.members),
        "dataset": group.dataset,
        "data": group.data,
        "runs": [member.run_id for member in group.members],
        "seeds": [member.seed for member in group.members],
        "validated_on_test": group.on_test,
        "scores": {name: [member.scores.get(name) for member in group.members] for name in names},
        "statistics": {
            name: asdict(statistics_of(values, group.folds)) for name in names if (values := group.values(name))
        },
        "best": standing.is_best,
        "to_best": found
        and {
            "kind": found.kind,
            "interval": asdict(comparison.as_written(found.interval)),
            "over_seeds": asdict(comparison.as_written(found.over_seeds)),
            "over_rows": found.over_rows and asdict(comparison.as_written(found.over_rows)),
        },
        "word": standing.word,
    }


def _count(group: Group) -> Cell:
    count = len(group.members)
    return count if group.folds == 1 else times(count, group.folds)


def _data(standing: Standing) -> str:
    return " ".join(filter(None, (standing.group.dataset, standing.group.data[:SHORT])))


def _mean(scores: Statistics | None, on_test: bool = False) -> Cell:
    if scores is None:
        return None
    mark = MARK if on_test else ""
    if scores.deviation is None:
        return f"{number(scores.mean)}{mark}" if mark else scores.mean
    return f"{number(scores.mean)} ± {_small(scores.deviation)}{mark}"


def _difference(comparison: Comparison, standing: Standing) -> tuple[Cell, Cell]:
    if standing.to_best is None:
        return None, None
    interval = comparison.as_written(standing.to_best.interval)
    return f"{'-' if interval.mean < 0 else '+'}{_small(abs(interval.mean))}", _ends(interval)


def _ends(interval: Interval | None) -> Cell:
    if interval is None or not math.isfinite(interval.low):
        return None
    low, high = (f"{'-' if end < 0 else ''}{_small(abs(end))}" for end in (interval.low, interval.high))
    return f"{low} to {high}"


def _small(value: float) -> str:
    """Write a number of at least 0 with four decimals, or two digits where those are zeros."""
    return f"{value:.4f}" if value == 0 or value >= LEAST else number(value)


def _probability(interval: Interval | None) -> tuple[Cell, Cell]:
    return (None, None) if interval is None else (f"{interval.mean:.2f}", f"{interval.low:.2f} to {interval.high:.2f}")
