"""Add replicates to what is undecided, one after the other, until it is decided or time is up.

The plan only grows: replicate n of an entry has the same seed whenever it is trained, so that whoever comes after a
kill goes on with the one that was cut off.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from deeplab.study.entries import EntryResult, measure
from deeplab.study.outcomes import UNDECIDED
from deeplab.study.run import Study, carry_out
from deeplab.study.verdicts import Verdict
from deeplab.study.words import numbers


@dataclass(frozen=True)
class Step:
    """What is done next: an entry gets one more replicate, and with it the entries that it is held against."""

    entry: str
    replicates: int  # that it is to have
    grown: tuple[str, ...]  # the entries that get theirs, in order
    seconds: float  # that this takes, by what the replicates before took
    why: str


def decide(study: Study, only: Sequence[str], hours: float, most: int) -> None:
    """Add replicates while there is something undecided.

    The entry with the fewest replicates comes first, of equals the one that takes the least time.

    Args:
        study: whose runs are all there.
        only: names of entries; all of them where empty.
        hours: after which nothing is begun, nor what would probably take longer.
        most: replicates of an entry.
    """
    end = time.monotonic() + 3600 * hours
    while True:
        study.results.read()
        measured = measure(study.config, study.results.rows)
        considered = [each for each in measured if not only or each.name in only]
        step = next_step(measured, [each.name for each in considered if each.name not in study.failed], most)
        if step is None:
            open_figures = sum(verdict.outcome == UNDECIDED for each in considered for verdict in each.verdicts)
            why = f"{open_figures} undecided with as many replicates as may be" if open_figures else "none is undecided"
            study.observer.deciding_ended(why)
            return
        if time.monotonic() + step.seconds > end:
            study.observer.deciding_ended(f"{step.entry} would take {step.seconds:.0f} s, and the time is nearly up")
            return
        study.observer.replicate_added(step.entry, step.replicates, step.why)
        for name in step.grown:
            carry_out(study, name, study.config.entries[name], step.replicates)


def next_step(measured: Sequence[EntryResult], considered: Collection[str], most: int) -> Step | None:
    """Choose what is done next; None where nothing is undecided that may have more replicates.

    Args:
        measured: every entry of the study.
        considered: names of those that may get replicates on their own account.
        most: replicates of an entry.
    """
    by_name = {each.name: each for each in measured}
    steps = []
    for each in measured:
        undecided = [verdict for verdict in each.verdicts if verdict.outcome == UNDECIDED]
        if each.name in considered and undecided and len(each.rows) >= each.planned:
            step = _step(by_name, each, undecided[0])
            if step.replicates <= most:
                steps.append(step)
    return min(steps, key=lambda step: (step.replicates, step.seconds), default=None)


def _step(measured: dict[str, EntryResult], each: EntryResult, verdict: Verdict) -> Step:
    others: list[str] = []
    if each.entry.noise is not None:
        others = [each.entry.noise.classifier, *each.entry.noise.denoisers]
    replicates = each.replicates + 1
    if verdict.figure.minus_entry is not None:  # in pairs: the one that has fewer comes first
        others = [verdict.figure.minus_entry]
        replicates = min(replicates, measured[others[0]].replicates + 1)
    grown = tuple(name for name in (*dict.fromkeys(others), each.name) if measured[name].replicates < replicates)
    seconds = sum(_seconds(measured[name]) for name in grown)
    why = f"{verdict.metric} is {numbers(verdict)}, against {verdict.expected} ({verdict.figure.source})"
    return Step(each.name, replicates, grown, seconds, why)


def _seconds(each: EntryResult) -> float:
    """Estimate what another replicate takes, of a sweep at all its points."""
    return sum(row.seconds for row in each.rows) / max(1, each.replicates)
