"""Two groups held against each other: how far apart they are, and how far that can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.comparison.groups import Group, Member
from deeplab.evaluation.fixed_intervals import resampled_interval, unpaired_interval
from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.kept_predictions import FILE, KeptPredictions, from_npz, row_scores
from deeplab.evaluation.multiple_comparisons import corrected_interval
from deeplab.evaluation.paired_sequence import paired_interval
from deeplab.evaluation.row_tests import rows_and_seeds_interval
from deeplab.evaluation.statistics import CONFIDENCE
from deeplab.metrics import Metric
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.store import Store

Kind = Literal["pairs", "folds", "looks", "Welch"]
# What the intervals of each kind are of.
KINDS: dict[Kind, str] = {
    "pairs": "of pairs of the same seed (Student)",
    "folds": "of pairs of the same seed and fold, corrected for the examples that folds share (Nadeau, Bengio)",
    "looks": "of pairs of the same seed, valid however often they were looked at",
    "Welch": "of groups that do not share their seeds (Welch)",
}


@dataclass(frozen=True)
class Score:
    """The score that groups are compared by."""

    metric: Metric  # as in `accuracy`
    data: str  # the rows it is of, `test` or `val`

    @property
    def name(self) -> str:
        """Return it as a finished run has it: `test/accuracy`."""
        return self.metric.on(self.data).logged_as

    @property
    def label(self) -> str:
        """Return it in words: `test accuracy`."""
        return self.metric.on(self.data).label

    @property
    def sign(self) -> int:
        """Return -1 of a score that is better where it is smaller, else 1."""
        return 1 if self.metric.higher_is_better else -1

    def of(self, members: Sequence[Member]) -> list[float]:
        """Return the scores of some trainings, turned so that more is better."""
        return [self.sign * member.scores[self.name] for member in members]

    def by_seed(self, members: Sequence[Member]) -> dict[tuple[str, str], float]:
        """Return the same by seed and fold; none where those do not tell the trainings apart."""
        scored = zip(members, self.of(members), strict=True)
        scores = {(m.seed, m.fold or ""): value for m, value in scored if m.seed is not None}
        return scores if len(scores) == len(members) else {}


@dataclass(frozen=True)
class Difference:
    """How far a group is from another; above 0 it is better."""

    interval: Interval  # over seeds, or over rows and seeds where that reaches further
    kind: Kind  # how it was made
    over_seeds: Interval
    over_rows: Interval | None  # over rows and seeds, or None where rows are not known
    pairs: tuple[tuple[int, int], ...] = ()  # numbers of the members that share a seed, where `kind` is "pairs"


@dataclass(frozen=True)
class TestRows:
    """What groups have kept of the same test rows."""

    scores: tuple[NDArray[np.float64], ...]  # of each group, [seeds, rows], more is better; empty where unusable
    why_not: str  # they are, or empty


def difference(ours: Group, theirs: Group, score: Score, groups: int) -> Difference | None:
    """Give the difference of two groups, with an interval that holds together with those of all pairs of groups.

    Where they share their seeds it is that of the pairs, else Welch's, corrected for the number of pairs of groups.

    Args:
        ours: the first.
        theirs: the second.
        score: that all members have.
        groups: that are compared, at least 2.

    Returns:
        None where there are too few trainings for an interval, folds of which there are no pairs, or a score is no
        finite number.
    """
    first, second = score.by_seed(ours.members), score.by_seed(theirs.members)
    shared = [seed for seed in first if seed in second]
    kind: Kind = "Welch"
    if len(shared) >= 2 and len(shared) == min(len(first), len(second)) and ours.folds == theirs.folds:
        differences = {seed: first[seed] - second[seed] for seed in shared}
        kind, interval = _paired(differences, ours.folds, groups, ours.has_grown or theirs.has_grown)
    elif max(ours.folds, theirs.folds) > 1:
        return None
    else:
        confidence = confidence_of_pairs(groups)
        interval = unpaired_interval(score.of(ours.members), score.of(theirs.members), confidence)
    order = [list(first), list(second)]
    pairs = tuple((order[0].index(seed), order[1].index(seed)) for seed in shared) if kind == "pairs" else ()
    return None if interval is None else Difference(interval, kind, interval, None, pairs)


def _paired(
    differences: Mapping[tuple[str, str], float], folds: int, groups: int, has_grown: bool
) -> tuple[Kind, Interval | None]:
    """Give the interval of differences by seed and fold; of groups that have grown the folds of a seed are one."""
    if has_grown:
        by_seed: dict[str, list[float]] = {}
        for (seed, _), value in differences.items():
            by_seed.setdefault(seed, []).append(value)
        return "looks", paired_interval([fmean(each) for each in by_seed.values()], groups * (groups - 1) // 2)
    values = list(differences.values())
    if folds > 1:
        return "folds", resampled_interval(values, folds - 1, 1, confidence_of_pairs(groups))
    return "pairs", corrected_interval(values, groups)


def with_rows(found: Difference, ours: NDArray[np.float64], theirs: NDArray[np.float64], groups: int) -> Difference:
    """Widen an interval to that over rows and seeds, where it reaches further.

    Args:
        found: over seeds.
        ours: score of each row by each network of the first group, [seeds, rows].
        theirs: the same of the second, of the same rows.
        groups: that are compared.
    """
    if found.pairs:
        one, other = map(list, zip(*found.pairs, strict=True))
        ours, theirs = ours[one], theirs[other]
    rows = rows_and_seeds_interval(ours, theirs, confidence_of_pairs(groups), are_pairs=bool(found.pairs))
    if rows is None:
        return found
    seeds = found.over_seeds
    widened = Interval(seeds.mean, min(seeds.low, rows.low), max(seeds.high, rows.high))
    return Difference(widened, found.kind, seeds, rows, found.pairs)


def confidence_of_pairs(groups: int) -> float:
    """Return the confidence of an interval of each pair of groups with which all hold together (Bonferroni).

    Examples:
        >>> confidence_of_pairs(2), round(confidence_of_pairs(5), 4)
        (0.95, 0.995)
    """
    return 1 - (1 - CONFIDENCE) / (groups * (groups - 1) / 2)


def read_rows(store: Store | None, groups: Sequence[Group], score: Score) -> TestRows:
    """Read what each member of some groups said of the test rows, and score it.

    Args:
        store: that has their files, or None.
        groups: that are compared.
        score: that is compared.
    """
    if score.data != "test":
        return TestRows((), "the scores are not of the test set")
    kept: dict[str, KeptPredictions] = {}
    for group in groups:
        for member in group.members:
            content = read_artifact(store, member.run, FILE) if store and member.run else None
            if content is None:
                return TestRows((), f"{group.name} ({member.run_id[:8]}) has kept no predictions of its test rows")
            try:
                kept[member.run_id] = from_npz(content)
            except ValueError:
                return TestRows((), f"the predictions of {group.name} ({member.run_id[:8]}) are damaged")
    if len({each.test_rows for each in kept.values()}) > 1:
        return TestRows((), "their test rows are not the same")
    return _scored(groups, kept, score)


def _scored(groups: Sequence[Group], kept: Mapping[str, KeptPredictions], score: Score) -> TestRows:
    scores = {run_id: row_scores(each, score.metric.name) for run_id, each in kept.items()}
    known = {run_id: score.sign * values for run_id, values in scores.items() if values is not None}
    if len(known) < len(scores):
        return TestRows((), "the score is no mean over rows")
    return TestRows(tuple(np.array([known[each.run_id] for each in group.members]) for group in groups), "")
