"""How a study shows on the screen."""

from pathlib import Path

from deeplab.cli.lines import print_line
from deeplab.cli.noise_progress import PlainNoise
from deeplab.cli.progress import PlainProgress
from deeplab.cli.sweep_progress import PlainSweepProgress
from deeplab.cli.tables import console, table
from deeplab.report.entries import measure
from deeplab.report.results import Result
from deeplab.report.study import Study, StudyObserver
from deeplab.runs.noise_curve import NoiseObserver
from deeplab.runs.train import RunObserver
from deeplab.sweep.observer import SweepObserver


class ShownStudy(StudyObserver):
    """A line for each entry, and the lines of its trainings."""

    def entry_began(self, name: str, missing: int, planned: int) -> None:
        """Say what is missing."""
        print_line(f"{name}: {planned - missing} of {planned} done" + (f", {missing} to do" if missing else ""))

    def adopted(self, result: Result) -> None:
        """Say where a result comes from."""
        print_line(f"{result.entry}: run {result.run[:8]} of this store is taken")

    def training(self) -> RunObserver:
        """Lines of a training."""
        return PlainProgress()

    def sweep(self) -> SweepObserver:
        """Lines of a sweep."""
        return PlainSweepProgress()

    def evaluation(self) -> NoiseObserver:
        """Lines of an evaluation."""
        return PlainNoise()


def show_study(study: Study, page: Path) -> None:
    """Print the verdicts, and where the report is."""
    shown = table(study.config.title, ("entry", "metric", "reported or expected"), ("measured", "within"))
    shown.add_column("verdict", no_wrap=True)
    for each in measure(study.config, study.results.lines):
        for verdict in each.verdicts:
            found = verdict.measured
            shown.add_row(
                verdict.label,
                verdict.metric,
                verdict.wanted,
                "" if found is None else f"{found.mean:.4f}",
                "" if found is None else f"{verdict.within} of {found.count}",
                verdict.words,
            )
    screen = console()
    screen.print(shown)
    screen.print(f"report {page}", soft_wrap=True)
