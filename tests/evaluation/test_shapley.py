"""Shares held against other ways to compute them."""

import math
import random
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from deeplab.evaluation.shapley import Parts, combinations_of, interactions, mean_interval, orders, shares


def game(parts: int, seed: int) -> dict[Parts, float]:
    """Scores of all combinations, drawn at random."""
    draws = random.Random(seed)
    return {made: draws.gauss(0.9, 0.05) for made in combinations_of(list(permutations(range(parts))))}


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_shares_are_those_of_the_formula_over_sets(parts: int) -> None:
    scores = game(parts, seed=parts)
    expected = np.zeros(parts)
    for made, before in scores.items():
        weight = math.factorial(len(made)) * math.factorial(parts - len(made) - 1) if len(made) < parts else 0
        for part in range(parts):
            if part not in made:
                expected[part] += weight * (scores[made | {part}] - before) / math.factorial(parts)
    assert shares(scores, orders(parts, 2, 0)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("parts", [2, 4, 7])
def test_shares_add_up_to_the_gain_also_over_sampled_orders(parts: int) -> None:
    asked = orders(parts, 6, seed=3)
    draws = random.Random(1)
    scores = {made: draws.gauss(0.9, 0.05) for made in combinations_of(asked)}
    gain = scores[frozenset(range(parts))] - scores[frozenset()]
    assert math.fsum(shares(scores, asked)) == pytest.approx(gain, abs=1e-9)


def test_parts_that_only_add_up_have_their_own_gains_and_no_interactions() -> None:
    gains = [0.1, -0.02, 0.03]
    scores = {made: 0.5 + sum(gains[part] for part in made) for made in game(3, 0)}
    assert shares(scores, orders(3, 2, 0)) == pytest.approx(gains)
    assert list(interactions(scores, 3).values()) == pytest.approx([0, 0, 0])


def test_what_two_bring_only_together_is_an_interaction() -> None:
    scores = {made: 0.5 + 0.1 * (made >= {0, 2}) for made in game(3, 0)}
    assert interactions(scores, 3) == pytest.approx({(0, 1): 0, (0, 2): 0.1, (1, 2): 0})
    assert shares(scores, orders(3, 2, 0)) == pytest.approx([0.05, 0, 0.05])


def test_drawn_orders_come_with_their_reverse_and_depend_on_the_seed() -> None:
    drawn = orders(6, 8, seed=5)
    assert len(set(drawn)) == 8
    assert all(order[::-1] in drawn and sorted(order) == list(range(6)) for order in drawn)
    assert drawn == orders(6, 8, seed=5) != orders(6, 8, seed=6)
    with pytest.raises(ValueError, match="even number"):
        orders(6, 7, seed=5)


def test_the_interval_is_that_of_scipy() -> None:
    values = [0.01, 0.05, 0.02, 0.04]
    found = mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found is not None and (found.low, found.high) == pytest.approx((expected.low, expected.high))
    together = mean_interval(values, 3)
    expected = stats.ttest_1samp(values, 0).confidence_interval(1 - 0.05 / 3)
    assert together is not None and (together.low, together.high) == pytest.approx((expected.low, expected.high))
    assert mean_interval([0.1]) is None
