"""What each of several differences brings, when all of them together bring a gain.

Source: Shapley (A value for n-person games, 1953): the share of a part is the mean of what it adds when the parts are
put together in every order. Shares add up to the whole gain, whatever the parts do to each other.
"""

import math
import random
from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from statistics import fmean, stdev

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE

Parts = frozenset[int]  # numbers of the differences that are made already

MOST_ALL = 4  # parts, all of whose combinations are asked for


def orders(parts: int, sampled: int, seed: int) -> list[tuple[int, ...]]:
    """Give the orders that shares are means over: all of them, or of many parts some that are drawn.

    Each order that is drawn comes with its reverse, which takes out much of the chance of the draw (Mitchell, Cooper,
    Frank and Holmes, Sampling permutations for Shapley value estimation, 2022).

    Args:
        parts: how many there are, at least 1.
        sampled: orders that are drawn where there are more than MOST_ALL parts, an even number from 2.
        seed: of the draw.

    Raises:
        ValueError: no parts, or an odd number of orders.

    Examples:
        >>> orders(2, sampled=2, seed=0)
        [(0, 1), (1, 0)]
        >>> [len(orders(parts, 6, 0)) for parts in (1, 3, 4, 5)]
        [1, 6, 24, 6]
    """
    if parts < 1 or sampled < 2 or sampled % 2:
        raise ValueError(f"at least one part and an even number of orders, got {parts} and {sampled}")
    if parts <= MOST_ALL:
        return list(permutations(range(parts)))
    draws = random.Random(seed)
    drawn: list[tuple[int, ...]] = []
    while len(drawn) < sampled:
        order = tuple(draws.sample(range(parts), parts))
        if order not in drawn:
            drawn += [order, order[::-1]]
    return drawn


def combinations_of(asked: Sequence[Sequence[int]]) -> list[Parts]:
    """Give the combinations that some orders pass through, each once, the smaller ones first.

    Examples:
        >>> [sorted(each) for each in combinations_of([(0, 1), (1, 0)])]
        [[], [0], [1], [0, 1]]
    """
    passed = {frozenset(order[:count]) for order in asked for count in range(len(order) + 1)}
    return sorted(passed, key=lambda each: (len(each), sorted(each)))


def shares(scores: Mapping[Parts, float], asked: Sequence[Sequence[int]]) -> list[float]:
    """Give the share of each part: the mean over the orders of what the score gains when the part is added.

    Args:
        scores: of every combination that the orders pass through.
        asked: orders of all parts; all of them give Shapley's shares, some of them an unbiased estimate.

    Returns:
        The shares [parts]; their sum is the score of all parts less that of none.

    Examples:
        >>> both, none = frozenset({0, 1}), frozenset()
        >>> scores = {none: 0.5, frozenset({0}): 0.75, frozenset({1}): 0.5, both: 1.0}
        >>> shares(scores, [(0, 1), (1, 0)])
        [0.375, 0.125]
    """
    gained: list[list[float]] = [[] for _ in asked[0]]
    for order in asked:
        for count, part in enumerate(order):
            before = frozenset(order[:count])
            gained[part].append(scores[before | {part}] - scores[before])
    return [math.fsum(each) / len(each) for each in gained]


def interactions(scores: Mapping[Parts, float], parts: int) -> dict[tuple[int, int], float]:
    """Give by how much two parts bring more together than each by itself, for every pair; 0 where they only add up.

    The Shapley interaction index (Grabisch and Roubens, 1999): the mean of v(S, i, j) - v(S, i) - v(S, j) + v(S) over
    the sets S of other parts, each with weight |S|! (m - |S| - 2)! / (m - 1)!.

    Args:
        scores: of all combinations.
        parts: how many there are.

    Examples:
        >>> both, none = frozenset({0, 1}), frozenset()
        >>> interactions({none: 0.5, frozenset({0}): 0.75, frozenset({1}): 0.5, both: 1.0}, 2)
        {(0, 1): 0.25}
    """
    found = {}
    for pair in combinations(range(parts), 2):
        others = [part for part in range(parts) if part not in pair]
        terms = []
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(parts - size - 2) / math.factorial(parts - 1)
            for chosen in combinations(others, size):
                rest = frozenset(chosen)
                one, two = (scores[rest | {part}] for part in pair)
                terms.append(weight * (scores[rest | set(pair)] - one - two + scores[rest]))
        found[pair] = math.fsum(terms)
    return found


def mean_interval(values: Sequence[float], together: int = 1, confidence: float = CONFIDENCE) -> Interval | None:
    """Give the t-interval of a mean that holds together with those of others, by Bonferroni's correction.

    Args:
        values: one for each seed.
        together: how many intervals are to hold at once.
        confidence: with which they do.

    Returns:
        None of fewer than two values, or where one is no finite number.

    Examples:
        >>> found = mean_interval([0.01, 0.03, 0.02])
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0048, 0.0448)
    """
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    from scipy.stats import t

    quantile = float(t.ppf(1 - (1 - confidence) / (2 * together), len(values) - 1))
    mean, half = fmean(values), quantile * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)
