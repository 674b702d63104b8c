"""Successive halving: which point of a search is trained further, from rung to rung, told from scores alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Climb:
    """How far a point has come."""

    ranks: tuple[float, ...] = ()  # of its scores at the rungs that it has reached, in turn; smaller is better
    is_open: bool = False  # whether it is being trained now
    has_failed: bool = False

    @property
    def waits(self) -> bool:
        """Whether it can be trained further, if it is chosen."""
        return not (self.is_open or self.has_failed)


def rung_epochs(least: int, factor: int, most: int) -> tuple[int, ...]:
    """The epochs after which points are compared; the last is that of a whole training.

    Examples:
        >>> rung_epochs(1, 3, 9), rung_epochs(2, 3, 20), rung_epochs(1, 3, 1)
        ((1, 3, 9), (2, 6, 18, 20), (1,))
    """
    epochs = []
    while least < most:
        epochs.append(least)
        least *= factor
    return (*epochs, most)


def asha_next(climbs: Sequence[Climb], rungs: int, factor: int, points: int) -> int | None:
    """Choose what a free worker trains: asynchronous successive halving (Li and others, 2020, algorithm 2).

    A point goes on where it is among the best `1 / factor` of those that have reached its rung so far, the highest rung
    first; otherwise a new one begins. Where all have begun and none was trained to the end, the best of the highest
    rung goes on, so that a search has a result.

    Args:
        climbs: of the points that have begun.
        rungs: how many there are; the last is the whole training.
        factor: of which one goes on.
        points: that there are to be in the end.

    Returns:
        The number of a point, a new one if it is `len(climbs)`; None where nothing can be trained for now.

    Examples:
        >>> asha_next([Climb((0.3,)), Climb((0.1,)), Climb((0.2,))], rungs=3, factor=3, points=9)
        1
        >>> asha_next([Climb((0.3,)), Climb((0.1,), is_open=True), Climb((0.2,))], rungs=3, factor=3, points=9)
        3
    """
    for number, climb in enumerate(climbs):
        if not climb.ranks and climb.waits:  # it had begun when the search was ended
            return number
    highest: int | None = None
    for rung in range(rungs - 2, -1, -1):
        there = _best_first(climbs, range(len(climbs)), rung)
        for number in there[: len(there) // factor]:
            if len(climbs[number].ranks) == rung + 1 and climbs[number].waits:
                return number
        waiting = [number for number in there if len(climbs[number].ranks) == rung + 1 and climbs[number].waits]
        highest = waiting[0] if highest is None and waiting else highest
    if len(climbs) < points:
        return len(climbs)
    is_idle = not any(climb.is_open for climb in climbs)
    has_result = any(len(climb.ranks) == rungs for climb in climbs)
    return highest if is_idle and not has_result else None


def hyperband_next(climbs: Sequence[Climb], rungs: int, factor: int, points: int) -> int | None:
    """Choose what a free worker trains: Hyperband (Li and others, 2018), bracket after bracket.

    A rung of a bracket is complete when all its points have been compared there; then the best `1 / factor` go on, one
    at least. Meanwhile a free worker begins with the next bracket. So which points go on does not depend on how many
    are trained at once, or in which order they end. Arguments and result are those of `asha_next`; a point of a bracket
    that begins at a higher rung has no score at those below.

    Examples:
        >>> hyperband_next([Climb((0.3,)), Climb((0.1,)), Climb((0.2,))], rungs=2, factor=3, points=3)
        1
        >>> hyperband_next([Climb((0.3,)), Climb((0.1,)), Climb(is_open=True)], rungs=2, factor=3, points=3) is None
        True
    """
    for start, size, first in brackets(rungs, factor, points):
        alive = list(range(start, start + size))
        for rung in range(first, rungs):
            for number in alive:
                if number >= len(climbs):
                    return len(climbs)
                if first + len(climbs[number].ranks) == rung and climbs[number].waits:
                    return number
            if any(climbs[number].is_open and first + len(climbs[number].ranks) == rung for number in alive):
                break
            there = _best_first(climbs, alive, rung - first)
            alive = there[: max(1, len(alive) // factor)]
    return None


def brackets(rungs: int, factor: int, points: int) -> Iterator[tuple[int, int, int]]:
    """The brackets of Hyperband again and again: number of the first point, how many, and the rung that they begin at.

    Examples:
        >>> list(brackets(3, 3, 20))
        [(0, 9, 0), (9, 5, 1), (14, 3, 2), (17, 3, 0)]
    """
    start = 0
    while start < points:
        for halvings in range(rungs - 1, -1, -1):
            size = min(-(-rungs * factor**halvings // (halvings + 1)), points - start)
            if size:
                yield start, size, rungs - 1 - halvings
            start += size


def first_rung(kind: str, number: int, rungs: int, factor: int, points: int) -> int:
    """The rung that a point begins at."""
    if kind != "hyperband":
        return 0
    return next(first for start, size, first in brackets(rungs, factor, points) if start <= number < start + size)


def _best_first(climbs: Sequence[Climb], numbers: Sequence[int], rung: int) -> list[int]:
    """Those that have a score at a rung, the best first, of equals the one that was drawn first."""
    there = [number for number in numbers if number < len(climbs) and len(climbs[number].ranks) > rung]
    return sorted(there, key=lambda number: (climbs[number].ranks[rung], number))
