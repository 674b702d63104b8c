"""The figures of a study in a table: what was published, what was measured, the verdict, the cause of a difference."""

from collections.abc import Iterator, Mapping, Sequence

from deeplab.report.page import Cell, Part, Table, Text
from deeplab.study import words
from deeplab.study.entries import EntryResult
from deeplab.study.outcomes import BAD, GOOD, NOT_RUN, UNDECIDED
from deeplab.study.verdicts import Verdict

READING = (
    "Measured: mean ± standard deviation (n − 1) over n trainings, each with its own seed, and the 95 % t-interval of "
    "the mean; of a share of runs that of Clopper and Pearson. A figure is reproduced where the whole interval lies "
    "within the tolerance, and differs where it lies wholly outside; likewise a bound holds or falls short; otherwise, "
    "and with a single training, it is undecided."
)
ONE_DRAW = (
    "A published figure is itself one draw: beside it stands where a single run lies with a probability of 95 %, "
    "t s √(1 + 1/n) about the mean, and whether the published one does."
)
ADDED = (
    "Replicates were added here until a verdict was reached, so that it is wrong more often than one from a number of "
    "them that was fixed before"
)


def counts(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Cell]]:
    """Count what figures and bounds came to; what there is none of is not named."""
    for is_bound, what in ((False, "figures"), (True, "bounds")):
        ours = [verdict.outcome for verdict in verdicts if (verdict.figure.reported is None) is is_bound]
        if ours:
            good, bad = ("that hold", "that fall short") if is_bound else ("reproduced", "that differ")
            yield f"{what} {good}", f"{sum(each in GOOD for each in ours)} of {len(ours)}"
            for kinds, named in ((BAD, bad), ((UNDECIDED,), "undecided"), ((NOT_RUN,), "not yet run")):
                if count := sum(each in kinds for each in ours):
                    yield f"{what} {named}", count


def verdict_table(measured: Sequence[EntryResult]) -> Iterator[Part]:
    """List the figures of a study, each held against what was measured, and the causes that are known of differences.

    Nothing where it has no figures.
    """
    causes = causes_of(measured)
    rows = tuple(
        (
            verdict.label,
            verdict.metric,
            verdict.expected,
            verdict.figure.source,
            words.measured(verdict),
            words.interval(verdict),
            None if verdict.tolerance_in_deviations is None else f"{verdict.tolerance_in_deviations:.1f}",
            f"{verdict.within} of {verdict.measured.count}" if verdict.measured else None,
            words.single_run(verdict),
            marked(verdict, causes),
        )
        for each in measured
        for verdict in each.verdicts
    )
    if rows:
        results = ("measured", "95 % interval", "tolerance / std", "within, of n", "a single run, 95 %", "verdict")
        head = ("entry", "metric", "reported or expected", "source", *results)
        caption = "Published figures and bounds, held against the runs"
        yield Table(caption, head, rows).without_empty_columns()
    for cause, number in causes.items():
        yield Text(f"({number}) {cause}")
    if lacking := list(_lacking(measured)):
        yield Text(f"Not kept of finished runs, which are not in this store either: {'; '.join(lacking)}.")


def causes_of(measured: Sequence[EntryResult]) -> dict[str, int]:
    """Number the causes that are known of differences, from 1; the same cause of several figures stands once."""
    figures = [verdict for each in measured for verdict in each.verdicts]
    causes = dict.fromkeys(cause_of(verdict) for verdict in figures)
    return {cause: number for number, cause in enumerate(filter(None, causes), 1)}


def cause_of(verdict: Verdict) -> str:
    """Say what is known of the cause of a difference; nothing where there is no difference, or no cause known."""
    if verdict.outcome not in BAD or verdict.figure.explained is None:
        return ""
    cause = " ".join(verdict.figure.explained.split()).rstrip(".")
    return f"{cause}; entry {verdict.figure.shown_by} shows it." if verdict.figure.shown_by else f"{cause}."


def marked(verdict: Verdict, causes: Mapping[str, int]) -> str:
    """Write an outcome, with the number of its cause where one is known: `differs (1)`."""
    number = causes.get(cause_of(verdict))
    return f"{verdict.outcome} ({number})" if number else verdict.outcome


def _lacking(measured: Sequence[EntryResult]) -> Iterator[str]:
    for verdict in (verdict for each in measured for verdict in each.verdicts if verdict.lacking):
        yield f"{verdict.label}, {verdict.metric}, of {verdict.lacking}"
