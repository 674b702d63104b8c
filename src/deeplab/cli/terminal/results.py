"""What is shown of a finished run."""

import shlex

from deeplab.cli.terminal.page import MOST_ROWS, print_parts
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import duration
from deeplab.report.page import Cell, Table
from deeplab.report.sweep_report import conclusion, points
from deeplab.report.sweep_tables import outcome_of
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import Summary
from deeplab.sweep.run import SweepResult
from deeplab.tracking.location import StoreLocation, locate_store, redact_password
from deeplab.workflows.train import RunResult


def show_result(result: RunResult) -> None:
    """Print the scores, the run's id and how to see more."""
    names, last = tuple(result.scores), result.history.epochs[-1].metrics
    parts = (("train", "training, last epoch"), ("val", "validation, last epoch"))
    rows = [(label, *(last.get(f"{data}/{name}") for name in names)) for data, label in parts if f"{data}/loss" in last]
    if "training/loss" in result.final:
        rows.insert(1, ("training, as it is kept", *(result.final[f"training/{name}"] for name in names)))
    rows.append(("test", *result.scores.values()))
    print_parts((Table(result.name, ("", *names), tuple(rows), marked=len(rows) - 1),))
    show_end(f"run {result.run_id} in {result.seconds:.0f} s", result.place, "its curves, figures and model")


def ui_command(place: StoreLocation) -> str:
    """Return the command that opens the store, as it must be typed in the working directory."""
    if place.uri == locate_store(None).uri:
        return "deeplab ui"
    return f"deeplab ui {shlex.quote(f'tracking.uri={redact_password(place.uri)}')}"


def show_plan(plan: Plan) -> None:
    """Print every point, and how many trials there are."""
    screen = console()
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (number, *settings.values()) for number, settings in enumerate(plan.points[:MOST_ROWS], start=1)
    )
    print_parts((Table(plan.name, ("point", *(axis.key for axis in plan.axes)), rows),))
    if len(plan.points) > MOST_ROWS:
        screen.print(f"and {len(plan.points) - MOST_ROWS:,} more points")
    drawn = dict.fromkeys(str(trial.values["seed"]) for trial in plan.trials[: plan.replicates])
    seeds = ", ".join(list(drawn)[:10])
    screen.print(f"{plan.name}: {plan.size}. Seeds of the first point: {seeds}. Nothing was trained.", soft_wrap=True)


def show_sweep(result: SweepResult[Plan, Summary]) -> None:
    """Print the table of points, the best one, and where to see more."""
    screen, plan, summary = console(), result.plan, result.summary
    screen.print(plan.name, soft_wrap=True)
    reference, choice = plan.sweep.comparison.reference, summary.choice
    published = None if reference is None else (reference.label, reference.value)
    outcome = outcome_of(plan.axes, summary)
    print_parts((*points(outcome), *conclusion(outcome, choice.on_test, choice.left_out, published)))
    missing = len(plan.trials) - summary.finished
    if missing and not result.ended:
        line = f"{missing} of {len(plan.trials)} trials are missing; the same command again trains them."
        screen.print(line if summary.finished else f"No trial is finished. {line}", soft_wrap=True)
    show_end(f"sweep {result.run_id} in {duration(result.seconds)}", result.place, "its figures and trials")


def show_end(line: str, place: StoreLocation, more: str) -> None:
    """Print the last lines of a command that made a run: what it was, the store that has it, how to see `more`."""
    for each in (line, f"store {redact_password(place.uri)}", f"See {more}: {ui_command(place)}"):
        console().print(each, soft_wrap=True)
