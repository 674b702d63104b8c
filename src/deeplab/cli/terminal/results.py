"""What is shown of a finished run."""

import shlex
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from deeplab.choice import ON_TEST, left_out
from deeplab.cli.terminal.tables import console, table
from deeplab.cli.terminal.text import duration
from deeplab.config.schema import ReferenceConfig
from deeplab.evaluation.statistics import Statistics
from deeplab.metrics import compared, metric_of
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import Summary
from deeplab.sweep.run import SweepResult
from deeplab.tracking.location import StoreLocation, locate_store, redact_password
from deeplab.workflows.train import RunResult


def show_result(result: RunResult) -> None:
    """Print the scores, the run's id and how to see more."""
    rows = table(result.name, ("",), list(result.scores))
    last = result.history.epochs[-1].metrics
    for data, label in (("train", "training, last epoch"), ("val", "validation, last epoch")):
        if f"{data}/loss" in last:
            found = [last.get(f"{data}/{name}") for name in result.scores]
            rows.add_row(label, *("" if value is None else f"{value:.4f}" for value in found))
    rows.add_row("test", *(f"{value:.4f}" for value in result.scores.values()), style="bold")
    screen = console()
    screen.print(rows)
    screen.print(f"run {result.run_id} in {result.seconds:.0f} s", soft_wrap=True)
    screen.print(f"store {redact_password(result.place.uri)}", soft_wrap=True)
    screen.print(f"See its curves, figures and model: {ui_command(result.place)}", soft_wrap=True)


def ui_command(place: StoreLocation) -> str:
    """The command that opens the store, as it must be typed in the working directory."""
    if place.uri == locate_store(None).uri:
        return "deeplab ui"
    return f"deeplab ui {shlex.quote(f'tracking.uri={redact_password(place.uri)}')}"


MOST_ROWS = 50
LEAST_WIDTH = 16  # letters of a value before it is folded
SPREAD = ("deviation", "interval", "minimum", "maximum")


def show_plan(plan: Plan) -> None:
    """Print every point, and how many trials there are."""
    rows = table(plan.name, ("point", *(axis.key for axis in plan.axes)))
    for number, settings in enumerate(plan.points[:MOST_ROWS]):
        rows.add_row(str(number + 1), *settings.values())
    screen = console()
    screen.print(rows)
    if len(plan.points) > MOST_ROWS:
        screen.print(f"and {len(plan.points) - MOST_ROWS:,} more points")
    seeds = ", ".join(str(trial.values["seed"]) for trial in plan.trials[: min(plan.replicates, 10)])
    screen.print(f"{plan.name}: {plan.size}. Seeds of the first point: {seeds}. Nothing was trained.", soft_wrap=True)


def show_sweep(result: SweepResult[Plan, Summary]) -> None:
    """Print the table of points, the best one, and where to see more."""
    screen, plan, summary = console(), result.plan, result.summary
    screen.print(_table(plan, summary))
    if len(plan.points) > MOST_ROWS:
        screen.print(f"and {len(plan.points) - MOST_ROWS:,} more points; points.csv among its artifacts has them all")
    for line in conclusion(plan, summary):
        screen.print(line, soft_wrap=True)
    show_where("sweep", result, "figures and trials")


def show_where(noun: str, result: SweepResult[Any, Any], what: str) -> None:
    """Print a sweep's id, and how to see more of it."""
    screen = console()
    screen.print(f"{noun} {result.run_id} in {duration(result.seconds)}", soft_wrap=True)
    screen.print(f"store {redact_password(result.place.uri)}", soft_wrap=True)
    screen.print(f"See its {what}: {ui_command(result.place)}", soft_wrap=True)


def conclusion(plan: Plan, summary: Summary) -> list[str]:
    """What the sweep says, in sentences."""
    if summary.best is None:
        return ["No trial is finished."]
    best, metric = summary.points[summary.best], summary.metric
    found = best.statistics[metric]
    spread = "" if found.deviation is None else f" (standard deviation {found.deviation:.4f})"
    lines = [
        f"best by mean {metric_of(metric).label}: {point_name(best.settings) or plan.name}, {found.mean:.4f}{spread}"
    ]
    if summary.choice.on_test and len(plan.points) > 1:
        lines.append(ON_TEST)
    if summary.choice.left_out:
        lines.append(left_out(summary.choice.left_out, "point"))
    reference = plan.config.sweep.reference
    if reference is not None:
        lines.append(against_reference(reference, metric, found.mean))
    missing = len(plan.trials) - summary.finished
    if missing:
        lines.append(f"{missing} of {len(plan.trials)} trials are missing; the same command again trains them.")
    return lines


def against_reference(reference: ReferenceConfig, metric: str, best: float) -> str:
    """How far the best score is from a published one, in points and per cent."""
    gap = reference.value - best
    far = f"{100 * abs(gap):.2f} points" if metric_of(metric).is_share else f"{abs(gap):.4f}"
    share = f" ({100 * abs(gap) / abs(reference.value):.2f} %)" if reference.value else ""
    return f"{reference.label}: {reference.value}; the best is {far}{share} {'below' if gap > 0 else 'above'} it"


def _table(plan: Plan, summary: Summary) -> Table:
    metric, several = summary.metric, summary.replicates > 1
    measured = {name for point in summary.points for name in point.statistics}
    on_test = next((each for each in compared("test") if each.name in measured), metric_of("test/loss"))
    rows = table(plan.name)
    for axis in plan.axes:
        longest = max(len(point.settings[axis.key]) for point in summary.points)
        rows.add_column(axis.key.rpartition(".")[2], overflow="fold", min_width=min(longest, LEAST_WIDTH))
    spread = ("std", "95 %", "min", "max") if several else ()
    for head in ("n", metric_of(metric).short_label, *spread, "to best", *spread[1:2], on_test.short_label, "s"):
        rows.add_column(head, justify="right", no_wrap=True)
    for number, point in enumerate(summary.points[:MOST_ROWS]):
        cells = [_count(len(point.trials), summary.replicates)]
        cells += _cells(point.statistics.get(metric), ("mean", *(SPREAD if several else ())))
        difference = _cells(point.difference, ("mean", "interval") if several else ("mean",))
        cells += ["best", ""][: len(difference)] if number == summary.best else difference
        cells += _cells(point.statistics.get(on_test.name), ("mean",))
        cells.append("" if point.seconds is None else f"{point.seconds:.1f}")
        rows.add_row(*point.settings.values(), *cells, style="bold" if number == summary.best else "")
    return rows


def _count(done: int, planned: int) -> str:
    return str(done) if done == planned else f"{done} of {planned}"


def _cells(found: Statistics | None, parts: Sequence[str]) -> list[str]:
    """Parts of some statistics to four digits, and nothing for what there is not."""
    values = [getattr(found, part, None) for part in parts]
    return ["" if value is None else f"{value:.4f}" for value in values]
