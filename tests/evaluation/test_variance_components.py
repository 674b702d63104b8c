"""Components of a spread against numbers that were drawn with known ones, and against a table worked by hand."""

import math

import numpy as np
import pytest

from deeplab.evaluation.variance_components import crossed_components


@pytest.mark.parametrize("deviations", [(1.0, 1.0, 0.5, 0.5), (1.0, 0.0, 0.0, 0.3), (0.3, 0.3, 1.0, 0.2)])
def test_components_are_those_that_numbers_were_drawn_with_and_the_interval_holds_the_mean(
    deviations: tuple[float, float, float, float],
) -> None:
    draw = np.random.default_rng(0)
    shapes = ((20, 1, 1), (1, 20, 1), (20, 20, 1), (20, 20, 5))
    found, inside = [], 0
    for _ in range(300):
        each = sum(deviation * draw.normal(size=shape) for deviation, shape in zip(deviations, shapes, strict=True))
        measured = crossed_components(each.mean(axis=2), float(each.var(axis=2, ddof=1).mean()), 5)
        found.append((measured.classifiers, measured.denoisers, measured.pairs, measured.draws))
        few = crossed_components(each.mean(axis=2)[:3, :3], 0.0, 5)
        inside += abs(few.mean) <= few.interval
    np.testing.assert_allclose(np.mean(found, axis=0), deviations, atol=0.08)
    assert inside / 300 > 0.92


def test_a_table_by_hand() -> None:
    """Rows differ by 2, columns by 4, and one corner by 4 beyond both: mean squares 16, 36 and 4."""
    measured = crossed_components(np.array([[0.0, 4.0], [2.0, 10.0]]), draws=3.0, count=3)
    assert measured.mean == 4
    assert measured.classifiers == pytest.approx(math.sqrt((16 - 4) / 2))
    assert measured.denoisers == pytest.approx(math.sqrt((36 - 4) / 2))
    assert (measured.pairs, measured.draws) == (pytest.approx(math.sqrt(4 - 1)), pytest.approx(math.sqrt(3)))


def test_scores_without_a_spread() -> None:
    measured = crossed_components(np.full((3, 3), 0.5), draws=0.0, count=5)
    assert (measured.mean, measured.interval) == (0.5, 0.0)
    assert (measured.classifiers, measured.denoisers, measured.pairs, measured.draws) == (0, 0, 0, 0)
