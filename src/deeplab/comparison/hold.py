"""Hold groups against the best of them: which are worse for sure, equal or better, and what stands behind the words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deeplab.choice import ON_TEST, candidates, left_out
from deeplab.comparison.groups import Group
from deeplab.comparison.pairs import KINDS, Difference, Score, difference, read_rows, with_rows
from deeplab.errors import UserError
from deeplab.evaluation.intervals import Interval, Verdict, verdict
from deeplab.evaluation.row_tests import McNemar, mcnemar
from deeplab.evaluation.statistics import Statistics
from deeplab.metrics import Metric, chosen_by
from deeplab.report.page import MARK
from deeplab.sweep.results.summary import statistics_of
from deeplab.tracking.store import Store


@dataclass(frozen=True)
class Standing:
    """A group among others."""

    group: Group
    validation: Statistics | None = None  # of the score that is compared; None where a member lacks it
    test: Statistics | None = None  # the same on the test set
    is_best: bool = False  # whether it is the best of those of its data set that were trained several times
    to_best: Difference | None = None  # how far it is from that; None of itself, and where nothing is known
    word: Verdict | None = None  # for that

    @property
    def repeated(self) -> bool:
        """Whether it was trained several times."""
        return len(self.group.members) > 1


@dataclass(frozen=True)
class Comparison:
    """Groups held against each other."""

    score: Score | None  # that the words are about; None where they have none in common
    margin: float  # the largest difference that does not matter
    standings: tuple[Standing, ...]
    row_test: McNemar | None = None  # of two single runs that were tested on the same rows, or None
    sentences: tuple[str, ...] = ()  # what was done

    @property
    def has_replicates(self) -> bool:
        """Whether any group was trained several times."""
        return any(each.repeated for each in self.standings)

    def as_written(self, interval: Interval) -> Interval:
        """Turn a difference, above 0 where the first is better, into one of the scores as they are written."""
        if self.score is None or self.score.sign > 0:
            return interval
        return Interval(-interval.mean, -interval.high, -interval.low)


def hold(groups: Sequence[Group], store: Store | None, margin: float = 0.0) -> Comparison:
    """Compare groups, those of each data set among themselves.

    Args:
        groups: at least two.
        store: that has what they said of the test rows, or None.
        margin: the largest difference that does not matter, in the unit of the score.

    Raises:
        UserError: they have no score in common, unless all are single runs.
    """
    score = _common_score(groups)
    if score is None:
        if not all(group.is_run for group in groups):
            raise UserError(f"The groups have no score in common: {_scores_of(groups)}.")
        return Comparison(None, margin, tuple(map(Standing, groups)))
    standings = [
        Standing(group, _statistics(group, score.metric, "val"), _statistics(group, score.metric, "test"))
        for group in groups
    ]
    sentences: list[str] = []
    for data in dict.fromkeys(group.data for group in groups):
        numbers = [number for number, each in enumerate(standings) if each.group.data == data and each.repeated]
        if len(numbers) > 1:
            held, said = _held([standings[number] for number in numbers], score, margin, store)
            for number, standing in zip(numbers, held, strict=True):
                standings[number] = standing
            sentences += said
    once = [each.group.name for each in standings if not each.repeated]
    row_test = None
    if len(groups) == len(once) == 2:
        row_test, said_of_rows = _row_test(groups, score, store)
        sentences.append(said_of_rows)
    elif len(groups) == len(once):
        sentences.append("Each was trained once, so that none is called better; two runs are compared row by row.")
    elif once:
        sentences.append(f"Trained once, and so compared with nothing: {', '.join(once)}.")
    alone = [each.group.name for each in standings if each.repeated and not each.is_best and each.word is None]
    if alone:
        sentences.append(f"Alone on its data, and so compared with nothing: {', '.join(alone)}.")
    if any(each.group.on_test and each.validation for each in standings):
        sentences.append(f"{MARK} validated on the test set")
    return Comparison(score, margin, tuple(standings), row_test, tuple(dict.fromkeys(sentences)))


def by_score(groups: Sequence[Group]) -> list[list[Group]]:
    """Put those together that have the same first score, as the classifiers of a study and its autoencoders."""
    sorted_out: dict[str, list[Group]] = {}
    for group in groups:
        score = _common_score([group])
        if score is not None:
            sorted_out.setdefault(f"{score.name} {_kind_of_loss(score.metric, group)}", []).append(group)
    return list(sorted_out.values())


def _common_score(groups: Sequence[Group]) -> Score | None:
    """Choose the score that all groups have, first what a sweep compares by; of the test set where all have that."""
    known = {metric.name: metric for metric in chosen_by()}
    first = [group.metric for group in groups if group.metric in known]
    for name in dict.fromkeys((*filter(None, first), *known)):
        for data in ("test", "val"):
            score = Score(known[name], data)
            kinds = {_kind_of_loss(known[name], group) for group in groups}
            if len(kinds) == 1 and all(group.values(score.name) for group in groups):
                return score
    return None


def _kind_of_loss(metric: Metric, group: Group) -> str:
    """Name what the loss of a group is; empty of every other score, which is the same for all networks."""
    words = (group.params.get(key, "") for key in ("training.loss", "model.task"))
    return " of ".join(filter(None, words)) if metric.name == "loss" else ""


def _scores_of(groups: Sequence[Group]) -> str:
    """Name the scores of the first group, and of one that has none of them."""
    names = [list(_named_scores(group)) for group in groups]
    other = next((number for number in range(1, len(groups)) if not {*names[0]} & {*names[number]}), 1)
    return "; ".join(f"{groups[number].name} has {', '.join(names[number]) or 'none'}" for number in (0, other))


def _named_scores(group: Group) -> Iterator[str]:
    for metric in chosen_by():
        kind = _kind_of_loss(metric, group)
        if any(group.values(metric.on(data).logged_as) for data in ("test", "val")):
            yield f"{metric.name} ({kind})" if kind else metric.name


def _statistics(group: Group, metric: Metric, data: str) -> Statistics | None:
    values = group.values(metric.on(data).logged_as)
    return statistics_of(values, group.folds) if values else None


def _held(
    standings: Sequence[Standing], score: Score, margin: float, store: Store | None
) -> tuple[list[Standing], list[str]]:
    """Compare groups of one data set that were each trained several times; say what was done."""
    best, said = _best(standings, score.metric)
    groups, count = [each.group for each in standings], len(standings)
    rows = read_rows(store, groups, score)
    held: list[Standing] = []
    for number, each in enumerate(standings):
        found = None
        if number != best:
            found = difference(each.group, groups[best], score, count)
        if found is not None and rows.scores:
            found = with_rows(found, rows.scores[number], rows.scores[best], count)
        word = None if number == best else verdict(None if found is None else found.interval, margin)
        held.append(replace(each, is_best=number == best, to_best=found, word=word))
    differences = [each.to_best for each in held if each.to_best is not None]
    return held, [*said, _what_was_done(differences, count, score, margin, rows.why_not)]


def _best(standings: Sequence[Standing], metric: Metric) -> tuple[int, list[str]]:
    """Choose the best by validation, as everywhere; by the test set where a group has no other score."""
    by_test = any(each.validation is None for each in standings)
    competing = candidates(range(len(standings)), lambda number: by_test or standings[number].group.on_test)
    scores = [each.test if by_test else each.validation for each in standings]
    means = [score.mean for number in competing.items if (score := scores[number]) is not None]
    place = metric.best(means)
    assert place is not None
    chosen, honest = (metric.on(data).label for data in ("val", "test"))
    said = [f"The best by mean {honest if by_test else chosen} is bold."]
    if not by_test and not competing.on_test and all(each.test for each in standings):
        said = [
            f"The best by mean {chosen} is bold; that is chosen and rather too good, its {honest} is the honest one."
        ]
    said += [ON_TEST] if competing.on_test else []
    said += [left_out(competing.left_out, "group")] if competing.left_out else []
    return competing.items[place], said


def _what_was_done(differences: Sequence[Difference], count: int, score: Score, margin: float, why_no_rows: str) -> str:
    kinds = frozenset(each.kind for each in differences)
    if not kinds:
        why = "a score is no finite number, or there are too few trainings or no pairs of folds"
        return f"Nothing is known of the difference in {score.label} to the best: {why}."
    how = " or ".join(told for kind, told in KINDS.items() if kind in kinds)
    corrected = "" if count == 2 else f", corrected for {count * (count - 1) // 2} pairs of groups (Bonferroni)"
    rows = "and what other test rows would, whichever interval reaches further"
    if why_no_rows:
        rows = f"not what other test rows would, since {why_no_rows}"
    equal = f" Equal is within ± {margin:g}." if margin else ""
    return (
        f"Words and 95 % intervals are of the difference in {score.label} to the best, {how}{corrected}; they tell "
        f"what other seeds would give, {rows}.{equal}"
    )


def _row_test(groups: Sequence[Group], score: Score, store: Store | None) -> tuple[McNemar | None, str]:
    """Test two single runs on the rows that both were tested on."""
    rows = read_rows(store, groups, score)
    why_not = rows.why_not or ("" if score.metric.name == "accuracy" else "the score is no accuracy")
    if why_not:
        return None, f"They are not compared row by row, since {why_not}."
    ours, theirs = (scores[0] > 0 for scores in rows.scores)
    found = mcnemar(ours, theirs)
    return found, (
        f"Of {len(ours):,} test rows 1 alone predicts {found.only_first:,} correctly, and 2 alone "
        f"{found.only_second:,}: p = {found.p_value:.3g} (McNemar's exact test; it is about these two networks, not "
        "about what other seeds would give)."
    )
