#!/usr/bin/env python3
"""Count how often decisions between networks are wrong, by simulation; nothing is trained.

A decision is made as `deeplab.evaluation` says: after every seed each pair of points that are left has an interval; a
point is out as soon as another is better; the end is when one is left, which is better, or when all that are left are
equal. Beside it the same with plain 95 % t-intervals. It takes about a minute on one core.

scripts/decision_errors.py [--decisions 10000] [--write]
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions.md"
STUDIES = PAGE.with_name("studies.md")
BEGIN, END = "<!-- scripts/decision_errors.py writes from here -->\n", "<!-- to here -->\n"
MARGIN = 0.5  # in standard deviations of a paired difference, as all differences here
EFFECTS = {"0": 0.0, "half the margin": MARGIN / 2, "the margin": MARGIN, "1 sd": 1.0, "2 sd": 2.0, "3 sd": 3.0}
POINTS = (2, 5, 20)
MOST_SEEDS = 200
AT_ONCE = 1000  # decisions

Float = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Float]
# Half the width of an interval in standard deviations, of a number of pairs and of points.
Width = Callable[[int, int], float]


@dataclass(frozen=True)
class Decisions:
    """How some decisions ended."""

    better: NDArray[np.bool_]  # whether one point was left, [decisions]
    equal: NDArray[np.bool_]  # whether all that were left were equal, [decisions]
    wrong_better: NDArray[np.bool_]  # whether any point was called better than one that is as good, [decisions]
    wrong_equal: NDArray[np.bool_]  # whether points were called equal that differ by the margin or more, [decisions]
    seeds: NDArray[np.int64]  # that were looked at; MOST_SEEDS where nothing was decided, [decisions]


def anytime(count: int, points: int) -> float:
    """The rule of `paired_interval`, for all pairs."""
    from deeplab.evaluation.paired_sequence import half_width

    return half_width(count, comparisons=points * (points - 1) // 2)


def plain(count: int, _points: int) -> float:
    """The t-interval of Student, for one comparison and one look."""
    from deeplab.evaluation.multiple_comparisons import half_width

    return half_width(count, 2)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Float:
    """Scores whose paired differences have a standard deviation of 1."""
    return rng.normal(0, math.sqrt(0.5), shape)


def decide(scores: Float, effect: float, width: Width) -> Decisions:
    """Decide between points, of which the first is better than all others, or none is.

    Args:
        scores: higher is better, [decisions, points, seeds].
        effect: by how much the first is better.
        width: of the intervals.
    """
    many, points, most = scores.shape
    first, second = np.triu_indices(points, 1)
    total, squares = np.zeros((2, many, len(first)))
    left = np.ones((many, points), dtype=bool)
    better, equal, wrong = np.zeros((3, many), dtype=bool)
    seeds = np.full(many, most)
    open_ = np.arange(many)
    for count in range(1, most + 1):
        drawn = scores[open_, :, count - 1]
        difference = drawn[:, first] - drawn[:, second]  # [open, pairs]
        total, squares = total + difference, squares + difference**2
        if count < 2 or math.isinf(half := width(count, points)):
            continue
        mean = total / count
        half_widths = half * np.sqrt(np.maximum(squares - count * mean**2, 0) / (count - 1))
        low, high = mean - half_widths, mean + half_widths
        both = left[open_][:, first] & left[open_][:, second]
        same = (low >= -MARGIN) & (high <= MARGIN)
        above, below = ((low > 0) & ~same & both, (high < 0) & ~same & both)  # the first is better, the second is
        for loser, is_worse in ((second, above), (first, below)):
            for pair in np.flatnonzero(is_worse.any(0)):
                left[open_[is_worse[:, pair]], loser[pair]] = False
        wrong[open_] |= below.any(1) | above[:, (first > 0) | (effect == 0)].any(1)
        alive = left[open_]
        alone = alive.sum(1) <= 1
        agreed = ~alone & (same | ~(alive[:, first] & alive[:, second])).all(1)
        ended = alone | agreed
        better[open_], equal[open_], seeds[open_[ended]] = alone, agreed, count
        open_, total, squares = open_[~ended], total[~ended], squares[~ended]
        if not len(open_):
            break
    return Decisions(better, equal, wrong, equal & (effect >= MARGIN), seeds)


def simulate(points: int, effect: float, width: Width, decisions: int, draw: Draw = normal) -> Decisions:
    """Draw scores and decide; both rules see the same scores."""
    rng, parts = np.random.default_rng((points, int(100 * effect))), []
    for begin in range(0, decisions, AT_ONCE):
        scores = draw(rng, (min(AT_ONCE, decisions - begin), points, MOST_SEEDS))
        scores[:, 0] += effect
        parts.append(decide(scores, effect, width))
    fields = ("better", "equal", "wrong_better", "wrong_equal", "seeds")
    return Decisions(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def as_row(name: Sequence[str], found: Sequence[Decisions]) -> str:
    """A line of a table: of each rule what was said, what of it was wrong, and the median of seeds."""
    cells = list(name)
    for each in found:
        shares = (each.better, each.equal, each.wrong_better, each.wrong_equal)
        median = int(np.median(each.seeds))
        cells += [f"{100 * share.mean():.1f}" for share in shares]
        cells.append(f"> {MOST_SEEDS}" if (each.better | each.equal).mean() < 0.5 else str(median))
    return f"| {' | '.join(cells)} |"


def decision_rows(decisions: int) -> Iterator[str]:
    """A line for each number of points and each true difference."""
    for points in POINTS:
        for name, effect in EFFECTS.items():
            found = [simulate(points, effect, width, decisions) for width in (anytime, plain)]
            yield as_row((str(points), name), found)
            print(points, name, "decided", file=sys.stderr, flush=True)


def shape_rows(decisions: int) -> Iterator[str]:
    """The same for two points whose differences are not normal, at no difference and at the margin."""

    def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Float:
        # The second point's scores are all the same: the differences have the skewness of an exponential.
        scores = rng.exponential(1, shape) - 1
        scores[:, 1] = 0
        return scores

    def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Float:
        scores = rng.standard_t(3, shape) / math.sqrt(3)
        scores[:, 1] = 0
        return scores

    def rounded(step: float) -> Draw:
        return lambda rng, shape: np.round(normal(rng, shape) / step) * step

    shapes = {"exponential": skewed, "t with 3 degrees": heavy, "rounded to 0.5 sd": rounded(0.5)}
    shapes["rounded to 1 sd"] = rounded(1.0)
    for name, draw in shapes.items():
        for effect in ("0", "the margin"):
            found = [simulate(2, EFFECTS[effect], width, decisions, draw) for width in (anytime, plain)]
            yield as_row((name, effect), found)


def sweep_rows(sweeps: int) -> Iterator[str]:
    """How often all intervals of the differences to the best point of a sweep hold, of points that are all as good."""
    from deeplab.evaluation.multiple_comparisons import half_width

    for points in (2, 5, 10, 30):
        for spread in (1.0, 30.0):
            cells = [str(points), "equal" if spread == 1 else "1 to 30"]
            for seeds in (3, 5, 10):
                rng = np.random.default_rng((points, seeds))
                scores = rng.standard_normal((sweeps, points, seeds)) * np.geomspace(1, spread, points)[:, None]
                best = scores.mean(2).argmax(1)
                differences = scores - np.take_along_axis(scores, best[:, None, None], 1)
                # In standard deviations; the best itself differs by nothing.
                far = np.abs(differences.mean(2)) / np.maximum(differences.std(2, ddof=1), 1e-300)
                widths = (half_width(seeds, points), half_width(seeds, 2))
                cells += [f"{100 * (far <= width).all(1).mean():.1f}" for width in widths]
            yield f"| {' | '.join(cells)} |"


def optimism_rows(sweeps: int) -> Iterator[str]:
    """By how much the best score of points that are all as good is too high."""
    for points in (2, 5, 10, 30):
        rng, cells = np.random.default_rng(points), [str(points)]
        for seeds in (1, 3, 10):
            chosen, other = rng.standard_normal((2, sweeps, points)) / math.sqrt(seeds)
            best = chosen.argmax(1)[:, None]
            cells += [f"{np.take_along_axis(scores, best, 1).mean():+.2f}" for scores in (chosen, other)]
        yield f"| {' | '.join(cells)} |"


def study_sentence(figures: int) -> str:
    """How often `deeplab study --decide` calls a figure reproduced whose truth lies at the edge of its tolerance."""
    from deeplab.evaluation.multiple_comparisons import half_width

    shares = {}
    for most in (3, 10, 20):
        scores = np.random.default_rng(most).standard_normal((figures, most))  # the edge is at 0, the other far below
        open_, good = np.ones(figures, dtype=bool), np.zeros(figures, dtype=bool)
        for count in range(3, most + 1):
            mean, half = scores[:, :count].mean(1), half_width(count, 2) * scores[:, :count].std(1, ddof=1)
            good |= open_ & (mean + half <= 0)
            open_ &= (mean + half > 0) & (mean - half <= 0)
        shares[most] = 100 * good.mean()
    ten, twenty, three = (f"{shares[most]:.1f} %" for most in (10, 20, 3))
    return (
        f"called reproduced in {ten} of the cases with 3 to 10 replicates, in {twenty} with 3 to 20, and in {three}\n"
        f"with 3 that are settled before: `scripts/decision_errors.py`, {figures:,} figures with normal scores."
    )


TABLES = """\
`scripts/decision_errors.py` wrote these tables: {decisions:,} decisions a line, per cent of them; after {most} seeds a decision is
left undecided. Margin {margin} sd, a sd being the standard deviation of the differences of single seeds. The first point is better
than all others by the true difference. Wrong *better*: any point is called better than another that is as good. Wrong *equal*:
points differ by the margin or more. In the right half the same with a plain 95 % t-interval.

| points | true difference | better | equal | wrong *better* | wrong *equal* | seeds, median | plain: better | equal | wrong *better* | wrong *equal* | seeds, median |
|---|---|---|---|---|---|---|---|---|---|---|---|
{decided}

Differences that are not normal, two points:

| differences | true difference | better | equal | wrong *better* | wrong *equal* | seeds, median | plain: better | equal | wrong *better* | wrong *equal* | seeds, median |
|---|---|---|---|---|---|---|---|---|---|---|---|
{shapes}

Sweeps of points that are all as good: how often all intervals of the differences to the best hold at once, per cent of {sweeps:,}.

| points | their standard deviations | 3 seeds, corrected | plain | 5 seeds, corrected | plain | 10 seeds, corrected | plain |
|---|---|---|---|---|---|---|---|
{swept}

By how much the mean of the best of such points is too high, in standard deviations of a single training; beside it its mean on
other rows, which it was not chosen by.

| points | 1 seed, chosen | other rows | 3 seeds, chosen | other rows | 10 seeds, chosen | other rows |
|---|---|---|---|---|---|---|
{optimism}
"""  # noqa: E501


def main() -> None:
    """Simulate, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/decisions.md")
    options = parser.parse_args()
    many = options.decisions
    tables = TABLES.format(
        decisions=many, sweeps=many, most=MOST_SEEDS, margin=MARGIN,
        decided="\n".join(decision_rows(many)), shapes="\n".join(shape_rows(many)),
        swept="\n".join(sweep_rows(many)), optimism="\n".join(optimism_rows(many)),
    )  # fmt: skip
    sentence = study_sentence(10 * many)
    print(tables, sentence, sep="\n")
    if options.write:
        before, _, rest = STUDIES.read_text().partition(BEGIN)
        STUDIES.write_text(before + BEGIN + sentence + "\n" + END + rest.partition(END)[2])
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + tables + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
