"""How a training shows on the screen: a live bar on a terminal, one plain line an epoch anywhere else."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager

from rich.progress import BarColumn, Progress, TimeRemainingColumn

from deeplab.cli.terminal.dry_run import data_line
from deeplab.cli.terminal.live import live_or_plain
from deeplab.cli.terminal.screen import Words
from deeplab.cli.terminal.text import print_line
from deeplab.metrics import compared, short_label_of
from deeplab.training.history import Epoch
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.resume import ResumePoint
from deeplab.workflows.train import RunObserver

MOST_LINES = 100  # of epochs, about


def progress() -> AbstractContextManager[RunObserver]:
    """An observer that shows a training on the standard output for as long as the context lasts."""
    columns = (
        Words("{task.description}"),
        BarColumn(bar_width=None),
        Words("{task.fields[state]}"),
        TimeRemainingColumn(compact=True),
    )
    return live_or_plain(columns, PlainProgress, LiveProgress)


class PlainProgress(RunObserver):
    """A line for the run and a line for each epoch."""

    def run_began(self, run_id: str, name: str, setup: TrainingSetup, resume_point: ResumePoint | None) -> None:
        """Say what is about to be trained."""
        for line in [*run_lines(run_id, name, setup), *resumption_lines(resume_point)]:
            self._print(line)

    def training_began(self, epochs: int, steps_per_epoch: int) -> None:
        """Remember how many epochs there will be."""
        self.epochs = epochs

    def epoch_ended(self, epoch: Epoch) -> None:
        """Print the epoch's line; of very many epochs a hundred or so."""
        every = max(1, self.epochs // MOST_LINES)
        if epoch.number % every == 0 or epoch.number in (1, self.epochs):
            self._print(epoch_line(epoch, self.epochs))

    def _print(self, line: str) -> None:
        print_line(line)


class LiveProgress(PlainProgress):
    """The same lines, and below them a bar that moves with every step."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("loading", total=None, state="TensorFlow and data")
        self._validation = ""

    def training_began(self, epochs: int, steps_per_epoch: int) -> None:
        """Start the clock."""
        super().training_began(epochs, steps_per_epoch)
        self._steps_per_epoch = steps_per_epoch
        self._bar.reset(self._task, total=epochs * steps_per_epoch, description="epoch 1", state="")
        self._epoch_began = time.perf_counter()

    def step_ended(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Move the bar."""
        step_ms = 1000 * (time.perf_counter() - self._epoch_began) / step
        names = sorted(metrics, key=loss_first)
        scores = " ".join(f"{short_label_of(name)} {metrics[name]:.3f}" for name in names)
        self._bar.update(
            self._task,
            completed=(epoch - 1) * self._steps_per_epoch + step,
            description=f"epoch {epoch}/{self.epochs} step {step}/{self._steps_per_epoch}",
            state=f"{step_ms:.0f} ms/step {scores}{self._validation}",
        )

    def epoch_ended(self, epoch: Epoch) -> None:
        """Print the epoch's line above the bar, and show its validation score in the bar from now on."""
        super().epoch_ended(epoch)
        score = next((epoch.metrics[each.name] for each in compared("val") if each.name in epoch.metrics), None)
        if score is not None:
            self._validation = f" val {score:.3f}"
        self._epoch_began = time.perf_counter()

    def _print(self, line: str) -> None:
        self._bar.console.print(line, soft_wrap=True)


def run_lines(run_id: str, name: str, setup: TrainingSetup) -> list[str]:
    """What is about to be trained, on what."""
    runtime = setup.runtime
    device = f"{runtime.device} {runtime.device_name}".strip()
    threads = f", {runtime.threads} threads" if runtime.device.startswith("cpu") else ""
    return [
        data_line(setup),
        *setup.notes,
        f"{setup.network.name}: {setup.parameters:,} parameters; {device}{threads}; run {name} ({run_id[:8]})",
    ]


def resumption_lines(resume_point: ResumePoint | None) -> list[str]:
    """Where a resumed run goes on from."""
    if resume_point is None:
        return []
    lines = [f"{path} is damaged; an older checkpoint is used" for path in resume_point.damaged]
    done = resume_point.checkpoint.epoch if resume_point.checkpoint else 0
    return [*lines, f"resumed after epoch {done}" if done else "resumed from the beginning, there is no checkpoint yet"]


def epoch_line(epoch: Epoch, epochs: int) -> str:
    """One epoch, as in `epoch 1/6  1.9 s  38 ms/step  loss 0.8131  accuracy 0.7433  val_loss ...`."""
    values = epoch.metrics
    text = (
        f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}  {values['time/epoch_seconds']:.1f} s"
        f"  {values['time/step_ms']:.0f} ms/step"
    )
    for data, prefix in (("train/", ""), ("val/", "val_")):
        for name in sorted((name.removeprefix(data) for name in values if name.startswith(data)), key=loss_first):
            text += f"  {prefix}{name} {values[data + name]:.4f}"
    return text


def loss_first(name: str) -> tuple[bool, str]:
    """What scores are sorted by: the loss, then the others by name."""
    return name != "loss", name
