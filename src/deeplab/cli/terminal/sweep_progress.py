"""How a sweep shows on the screen: a line for each running trial and a bar, or one plain line for each that ended."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID

from deeplab.cli.terminal.live import live_or_plain
from deeplab.cli.terminal.screen import Screen, Words
from deeplab.cli.terminal.text import duration, print_line
from deeplab.metrics import chosen_by
from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.source import AnyPlan
from deeplab.visible import visible_line

WIDE = 100  # columns of a terminal from which on there is room for long names and bars
_SHORT_NAME, _LONG_NAME = 22, 44


def sweep_progress() -> AbstractContextManager[SweepObserver]:
    """An observer that shows a sweep on the standard output for as long as the context lasts."""
    columns = (
        Words("{task.description}"),
        BarColumn(bar_width=24 if Screen().width >= WIDE else 6),
        MofNCompleteColumn(),
        Words("{task.fields[state]}"),
    )
    return live_or_plain(columns, PlainSweepProgress, LiveSweepProgress)


class PlainSweepProgress(SweepObserver):
    """A line at the beginning and a line for each trial that ended."""

    def __init__(self) -> None:
        self._running: dict[int, TrialEvent] = {}
        self._started: dict[int, float] = {}
        self._names: dict[int, str] = {}
        self._counts = {"finished": 0, "failed": 0}

    def sweep_began(self, plan: AnyPlan, run_id: str, finished: int, capacity: int) -> None:
        """Say what is to be done."""
        self._count, self._grows = plan.count, isinstance(plan, DecisionPlan)
        self._done_before, self._counts["finished"] = finished, finished
        self._began = time.monotonic()
        self._print(f"{plan.name}: {plan.size}")
        if finished > plan.count:
            self._print(f"{finished} trials are done already, more than the {plan.count} that are asked for")
        elif finished:
            self._print(f"{finished} of {plan.count} trials are done already")
        self._print(f"sweep {run_id[:8]}, {capacity} at once")

    def trial_submitted(self, number: int, name: str) -> None:
        """Remember when it began."""
        self._names[number] = name
        if self._grows:
            self._count = max(self._count, number + 1)
        self._running[number] = TrialEvent(number, "began")
        self._started[number] = time.monotonic()

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        """Keep what runs; print the line of what ended."""
        if not event.ends_trial:
            self._running[event.number] = event
            return
        self._running.pop(event.number, None)
        name = self._names[event.number]
        seconds = time.monotonic() - self._started.get(event.number, self._began)
        ended = 1 + event.skips
        if event.kind in ("finished", "pruned"):
            self._counts["finished"] += ended
            outcome = event.text or "pruned" if event.kind == "pruned" else _scores(event)
            done = f"{self._counts['finished']}/{self._count}"
            self._print(f"{done}  {name}  {outcome}  {seconds:.0f} s{self._eta()}")
        elif will_retry:
            self._print(f"{name}: {event.text}; it is tried again")
        else:
            self._counts["failed"] += ended * (event.kind != "killed")
            self._print(f"{name} killed" if event.kind == "killed" else f"{name} {event.kind}: {event.text}")

    def told(self, lines: Sequence[str]) -> None:
        """Print them."""
        for line in lines:
            self._print(line)

    def _eta(self) -> str:
        """How long the rest takes, told from the trials that this start finished."""
        done = self._counts["finished"] - self._done_before
        left = self._count - self._counts["finished"] - self._counts["failed"]
        if not done or not left:
            return ""
        return f"  {duration((time.monotonic() - self._began) / done * left)} left"

    def _print(self, line: str) -> None:
        print_line(line)


class LiveSweepProgress(PlainSweepProgress):
    """The same lines, and below them one for each running trial and a bar over all."""

    def __init__(self, bar: Progress) -> None:
        super().__init__()
        self._bar = bar
        self._all = bar.add_task("checking", total=None, state="")
        self._tasks: dict[int, TaskID] = {}

    def sweep_began(self, plan: AnyPlan, run_id: str, finished: int, capacity: int) -> None:
        """Start the bar."""
        super().sweep_began(plan, run_id, finished, capacity)
        self._bar.update(self._all, description="all trials", total=plan.count, completed=finished)

    def trial_submitted(self, number: int, name: str) -> None:
        """Give it a line."""
        super().trial_submitted(number, name)
        self._bar.update(self._all, total=self._count)
        if number not in self._tasks:
            most = _LONG_NAME if self._bar.console.width >= WIDE else _SHORT_NAME
            self._tasks[number] = self._bar.add_task(
                f"  {_cut(visible_line(name), most - 2)}", total=None, state="starting"
            )

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        """Move its line, or take it away."""
        super().trial_changed(event, will_retry)
        if event.ends_trial:
            task = self._tasks.pop(event.number, None)
            if task is not None:
                self._bar.remove_task(task)
        elif event.number in self._tasks:
            names = (f"{data}/{metric.name}" for metric in chosen_by() for data in ("val", "train"))
            name = next((name for name in names if name in event.metrics), None)
            state = "" if name is None else f"{name.partition('/')[2]} {event.metrics[name]:.4f}"
            self._bar.update(self._tasks[event.number], total=event.epochs, completed=event.epoch, state=state)

    def _print(self, line: str) -> None:
        self._bar.console.print(line, soft_wrap=True)

    def waited(self) -> None:
        """Show the counts."""
        finished, failed, running = self._counts["finished"], self._counts["failed"], len(self._running)
        parts = [f"{running} running", f"{failed} failed" if failed else ""]
        parts += [
            f"{max(0, self._count - finished - failed - running)} left",
            self._eta().strip().removesuffix(" left"),
        ]
        self._bar.update(self._all, completed=finished, state=", ".join(part for part in parts if part))


def _scores(event: TrialEvent) -> str:
    """What a finished trial was scored by, on the rows there are."""
    score = next((each.name for each in chosen_by() if f"test/{each.name}" in event.metrics), "loss")
    return "  ".join(
        f"{label}_{score} {event.metrics[f'{data}/{score}']:.4f}"
        for data, label in (("validation", "val"), ("test", "test"))
        if f"{data}/{score}" in event.metrics
    )


def _cut(name: str, length: int) -> str:
    """A name on so many columns; its end tells replicates apart."""
    head = length // 3
    return name if len(name) <= length else f"{name[:head]}…{name[head + 1 - length :]}"
