"""Which points need another seed, told from scores alone: the same ones whatever order the trainings ended in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean

from deeplab.evaluation.intervals import Interval, Verdict, verdict
from deeplab.evaluation.paired_sequence import half_width, paired_interval

Scores = Mapping[int, float]  # of a point, by the number of the seed


@dataclass(frozen=True)
class Question:
    """What is to be known of some points."""

    points: int
    higher_is_better: bool
    margin: float = 0.0  # the largest difference that does not matter
    base: int | None = None  # what all others are held against; None is the best so far

    @property
    def comparisons(self) -> int:
        """How many intervals have to hold together: where the best is chosen by the same scores, those of all pairs."""
        return self.points - 1 if self.base is not None else self.points * (self.points - 1) // 2


@dataclass(frozen=True)
class Pair:
    """Two points, and what is known of them."""

    first: int  # the base, or the best so far
    second: int
    seeds: int  # that both have
    difference: float | None  # mean of first minus second over these; None where there are none
    interval: (
        Interval | None
    )  # of that in favour of the first, however often it was looked at; None where none holds yet
    verdict: Verdict  # of the first against the second


def first_look(comparisons: int) -> int:
    """How many seeds there must be until an interval can say anything.

    Examples:
        >>> first_look(1), first_look(10)
        (5, 7)
    """
    return _first_look(comparisons)


@cache
def _first_look(comparisons: int) -> int:
    return next(count for count in range(2, 1000) if math.isfinite(half_width(count, comparisons)))


def compare(scores: Sequence[Scores], question: Question) -> list[Pair]:
    """Hold every other point against the base, over the seeds that both have.

    Args:
        scores: of each point.
        question: what is asked of them.
    """
    base = question.base if question.base is not None else _best(scores, question.higher_is_better)
    pairs = []
    for other in range(question.points):
        if other == base:
            continue
        common = sorted(scores[base].keys() & scores[other].keys())
        differences = [scores[base][seed] - scores[other][seed] for seed in common]
        interval = in_favour(differences, question)
        mean = fmean(differences) if differences else None
        pairs.append(Pair(base, other, len(common), mean, interval, verdict(interval, question.margin)))
    return pairs


def in_favour(differences: Sequence[float], question: Question) -> Interval | None:
    """The interval of differences as they are in favour of the first of two points."""
    sign = 1 if question.higher_is_better else -1
    return paired_interval([sign * each for each in differences], question.comparisons)


def planned_seeds(scores: Sequence[Scores], question: Question, most: int) -> list[set[int]]:
    """Tell which seeds each point is to be trained with, as far as that is known.

    Every point gets as many seeds as a first answer takes. Then each round gives every open comparison the next seed
    that its two points do not have both. A round is planned from the scores of the rounds before it alone, so that it
    is the same whatever order trainings end in and however often they are ended from outside.

    Args:
        scores: of each point, of seeds that are finished; others than those that are planned are left aside.
        question: what is asked.
        most: seeds of a point.

    Returns:
        The numbers of the seeds of each point, from 0. All of them are finished only where nothing is open or `most` is
        reached.
    """
    seeds = [set(range(min(first_look(question.comparisons), most))) for _ in scores]
    while all(each <= had.keys() for each, had in zip(seeds, scores, strict=True)):
        known = [{seed: had[seed] for seed in each} for each, had in zip(seeds, scores, strict=True)]
        more: set[tuple[int, int]] = set()
        for pair in compare(known, question):
            both = seeds[pair.first] & seeds[pair.second]
            seed = next(number for number in range(most + 1) if number not in both)
            if pair.verdict == "undecided" and seed < most:
                more |= {(point, seed) for point in (pair.first, pair.second) if seed not in seeds[point]}
        if not more:
            return seeds
        for point, seed in more:
            seeds[point].add(seed)
    return seeds


def _best(scores: Sequence[Scores], higher_is_better: bool) -> int:
    """The point with the best mean, the first of equals."""
    sign = 1 if higher_is_better else -1
    means = [sign * fmean(each.values()) if each else float("-inf") for each in scores]
    return max(range(len(means)), key=lambda point: (means[point], -point))
