"""How an evaluation under noise shows on the screen, and its table at the end."""

from contextlib import AbstractContextManager

from rich.progress import BarColumn, Progress, TimeRemainingColumn

from deeplab.cli.terminal.live import live_or_plain
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end
from deeplab.cli.terminal.screen import Words
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import print_line
from deeplab.report.noise_report import rates_by_level
from deeplab.workflows.noise.evaluate import NoiseObserver, NoiseResult
from deeplab.workflows.noise.partial_results import NoiseDraw


def noise_progress() -> AbstractContextManager[NoiseObserver]:
    """Make an observer that shows the evaluation on the standard output for as long as the context lasts."""
    columns = (
        Words("{task.description}"),
        BarColumn(bar_width=None),
        Words("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
    )
    return live_or_plain(columns, PlainNoise, LiveNoise)


class PlainNoise(NoiseObserver):
    """A line at the beginning and a line for each draw of the noise."""

    def began(self, run_id: str, name: str, images: int, done: int) -> None:
        """Say what is to be done."""
        print_line(f"noise {run_id[:8]}: {name}, {images:,} images")
        if done:
            print_line(f"{done:,} of them are done already")

    def cell_done(self, cell: NoiseDraw, images: int) -> None:
        """Print the rates of a draw."""
        rates = "  ".join(f"{state} {sum(correct) / images:.4f}" for state, correct in cell.correct.items())
        print_line(f"level {cell.level:g}  seed {cell.seed}  {rates}")


class LiveNoise(NoiseObserver):
    """A bar over all images."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("loading", total=None)

    def began(self, run_id: str, name: str, images: int, done: int) -> None:
        """Start the clock."""
        self._bar.reset(self._task, total=images, completed=done, description=f"noise {run_id[:8]}")

    def counted(self, images: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, images)

    def cell_done(self, cell: NoiseDraw, images: int) -> None:
        """Name the level."""
        self._bar.update(self._task, description=f"level {cell.level:g}")


def show_noise(result: NoiseResult) -> None:
    """Print the rates, and where to see more."""
    screen, kind = console(), result.kind.replace("_", " ")
    screen.print(f"{result.name}: {result.images:,} test images under {kind} noise", soft_wrap=True)
    print_parts(rates_by_level(result.store, result.store.get_run(result.run_id)))
    show_end(f"evaluation {result.run_id}", result.store.place, "the curves and the images of each level")
