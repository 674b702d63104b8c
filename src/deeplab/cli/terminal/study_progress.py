"""How a study shows on the screen."""

from collections.abc import Sequence
from pathlib import Path

from deeplab.choice import ON_TEST
from deeplab.cli.terminal.noise_progress import PlainNoise
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.sweep_progress import PlainSweepProgress
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import print_line
from deeplab.cli.terminal.training_progress import PlainProgress
from deeplab.study.entries import EntryResult
from deeplab.study.outcomes import BAD, UNDECIDED
from deeplab.study.results import Result
from deeplab.study.run import StudyObserver
from deeplab.study.table import cause_of, verdict_table
from deeplab.sweep.observer import SweepObserver
from deeplab.workflows.noise.evaluate import NoiseObserver
from deeplab.workflows.train import RunObserver

# The exit status of a study that came to its end: it leaves something open, or a figure is another one.
OPEN, DIFFERENT = 3, 4


class StudyProgress(StudyObserver):
    """A line for each entry, and the lines of its trainings."""

    def entry_began(self, name: str, missing: int, planned: int) -> None:
        """Say what is missing."""
        print_line(f"{name}: {planned - missing} of {planned} done" + (f", {missing} to do" if missing else ""))

    def adopted(self, result: Result) -> None:
        """Say where a result comes from."""
        print_line(f"{result.entry}: run {result.run[:8]} of this store is taken")

    def replicate_added(self, entry: str, replicates: int, why: str) -> None:
        """Say which entry gets one more replicate, and why."""
        print_line(f"{entry} gets replicate {replicates}: {why}")

    def deciding_ended(self, why: str) -> None:
        """Say why no more are added."""
        print_line(f"no more replicates: {why}")

    def training(self) -> RunObserver:
        """Print lines of a training."""
        return PlainProgress()

    def sweep(self) -> SweepObserver:
        """Print lines of a sweep."""
        return PlainSweepProgress()

    def evaluation(self) -> NoiseObserver:
        """Print lines of an evaluation."""
        return PlainNoise()


def show_study(title: str, measured: Sequence[EntryResult], page: Path) -> None:
    """Print the verdicts, and where the report is."""
    screen = console()
    screen.print(title, soft_wrap=True)
    print_parts(verdict_table(measured))
    for each in measured:
        if each.chosen and each.chosen.on_test:
            screen.print(f"{each.name}, {each.chosen.point}: {ON_TEST}", soft_wrap=True)
    screen.print(f"report {page}", soft_wrap=True)


def show_status(measured: Sequence[EntryResult]) -> int:
    """Print what is not as published or not there yet, in a line, and return the exit status that says it."""
    figures = [verdict for each in measured for verdict in each.verdicts]
    unknown = sum(verdict.measured is None for verdict in figures)
    differing = sum(verdict.outcome in BAD for verdict in figures)
    explained = sum(bool(cause_of(verdict)) for verdict in figures)
    undecided = sum(verdict.outcome == UNDECIDED for verdict in figures)
    missing = sum(each.planned - len(each.rows) for each in measured)
    of_known_cause = f", {explained} for a cause that is known" if explained else ""
    parts = [f"{differing} of {len(figures)} figures differ or fall short{of_known_cause}"] if differing else []
    parts += [f"{undecided} of {len(figures)} figures are undecided"] if undecided else []
    parts += [f"{unknown} of {len(figures)} figures are not measured"] if unknown else []
    parts += [f"{missing} of {sum(each.planned for each in measured)} runs are missing"] if missing else []
    console().print("; ".join(parts) or "every figure is as published or within its bounds", soft_wrap=True)
    return DIFFERENT if differing else OPEN if parts else 0
