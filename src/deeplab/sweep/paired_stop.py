"""Points of a grid that can no longer become the best, told from pairs of replicates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deeplab.errors import UserError
from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.paired_sequence import paired_interval
from deeplab.sweep.decision.rounds import first_look


@dataclass(frozen=True)
class Beaten:
    """Which point is better, and by how much."""

    by: int
    interval: Interval  # of the other's advantage, above 0; it may be looked at after every replicate


def beaten_points(scores: Sequence[Mapping[int, float]], higher_is_better: bool) -> dict[int, Beaten]:
    """Find the points that another one is better than, over the replicates that both have.

    The intervals of all pairs of points hold together after every replicate (Bonferroni), so that the best point is
    among these with probability 5 % at most, as far as differences are independent and normal.

    Args:
        scores: of each point, by replicate.

    Examples:
        >>> better, worse = {n: 0.9 + n / 1000 for n in range(6)}, {n: 0.5 + n / 999 for n in range(6)}
        >>> [(point, found.by) for point, found in beaten_points([worse, better], higher_is_better=True).items()]
        [(0, 1)]
    """
    pairs = len(scores) * (len(scores) - 1) // 2
    sign = 1 if higher_is_better else -1
    beaten: dict[int, Beaten] = {}
    for point, own in enumerate(scores):
        for other, theirs in enumerate(scores):
            common = own.keys() & theirs.keys() if other != point else ()
            interval = paired_interval([sign * (theirs[each] - own[each]) for each in sorted(common)], pairs)
            known = beaten.get(point)
            if interval is not None and interval.low > 0 and (known is None or interval.low > known.interval.low):
                beaten[point] = Beaten(other, interval)
    return beaten


def check_paired_stop(points: int, replicates: int, folds: int) -> None:
    """Refuse a grid in which it could end nothing."""
    if points < 2:
        raise UserError("sweep.stop=paired holds points against each other, and there is only one.")
    if folds > 1:
        raise UserError("sweep.stop=paired takes replicates to be independent, and folds share rows: sweep.stop=null.")
    least = first_look(points * (points - 1) // 2)
    if replicates <= least:
        raise UserError(
            f"sweep.stop=paired needs more than {least} replicates: with {points} points nothing can be said of fewer, "
            f"and replicates={replicates}."
        )
