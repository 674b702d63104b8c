"""Accuracies with their intervals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.evaluation.accuracy import Z, accuracy, class_scores
from deeplab.evaluation.scores import Predictions


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (9900, 10000, 0.9879, 0.9918)],
)
def test_known_intervals(right: int, rows: int, low: float, high: float) -> None:
    found = accuracy(right, rows)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_its_ends_are_the_shares_that_the_answers_are_just_likely_enough_for(counts: tuple[int, int]) -> None:
    right, rows = counts
    found = accuracy(right, rows)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in (found.low, found.high):
        distance = Z * math.sqrt(end * (1 - end) / rows)
        assert abs(found.value - end) == pytest.approx(distance, abs=1e-7)


def test_classes_are_counted_by_what_is_right() -> None:
    outputs = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 1]]
    found = class_scores(Predictions(outputs, np.array([0, 1, 1, 1, 1], np.int32)), ("a", "b", "c"))
    assert list(found) == ["a", "b", "c"]
    recalls = [each.recall for each in found.values()]
    assert [(each.right, each.rows) for each in recalls] == [(1, 1), (3, 4), (0, 0)]
    assert [(each.precision.right, each.precision.rows) for each in found.values()] == [(1, 2), (3, 3), (0, 0)]
    assert [found[name].f1 for name in "ab"] == [2 / 3, 6 / 7]
    assert math.isnan(recalls[2].value)
    assert math.isnan(found["c"].f1)
    assert (recalls[2].low, recalls[2].high) == (0.0, 1.0)
