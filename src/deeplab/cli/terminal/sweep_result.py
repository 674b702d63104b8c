"""What is said of a sweep beside its table: what a confirmation came to, and all of it as JSON."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end
from deeplab.cli.terminal.sweep_progress import sweep_progress
from deeplab.cli.terminal.text import duration, to_json
from deeplab.metrics import score_beside
from deeplab.report.decision import confirmed
from deeplab.report.page import read_cell
from deeplab.report.sweep_report import points
from deeplab.report.sweep_tables import Outcome, outcome_of
from deeplab.sweep.confirm import Confirmation
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import Summary
from deeplab.sweep.run import SweepResult


def shown(as_json: bool) -> AbstractContextManager[SweepObserver]:
    """An observer of a sweep, silent where other programs read what is printed."""
    return nullcontext(SweepObserver()) if as_json else sweep_progress()


def show_confirmation(result: SweepResult[Plan, Confirmation]) -> None:
    """Print both points and what may be said of them."""
    outcome = outcome_of(result.plan.axes, result.summary.summary)
    print_parts((*points(outcome), *confirmed(result.summary.decision.to_json())))
    show_end(f"confirmation {result.run_id} in {duration(result.seconds)}", result.place, "its figure and trials")


def sweep_json(result: SweepResult[Any, Any], confirmation: SweepResult[Plan, Confirmation] | None) -> str:
    """Write what came of a sweep or a search, and of its confirmation where there is one."""
    values = {
        "sweep": result.run_id,
        "name": result.plan.name,
        "metric": result.plan.sweep.comparison.metric,
        "failed": dict(result.failed),
        "ended": result.ended,
        **_outcome(result),
    }
    if confirmation is not None:
        outcome = outcome_of(confirmation.plan.axes, confirmation.summary.summary)
        decision = confirmation.summary.decision.to_values()
        values["confirmation"] = {"run": confirmation.run_id, **decision, "points": _points(outcome)}
    return to_json(values)


def _outcome(result: SweepResult[Any, Any]) -> dict[str, Any]:
    if not isinstance(result.summary, Summary):  # of a search
        return {"trials": [asdict(trial) for trial in result.summary]}
    outcome = outcome_of(result.plan.axes, result.summary)
    best = None if outcome.best is None else outcome.points[outcome.best]
    beside = score_beside(
        outcome.metric, [] if best is None else [key.removesuffix(" mean") for key in best if best[key]]
    )
    # Of the best point: the score that it was chosen by, and one that it was not.
    told = {} if beside is None or result.summary.choice.on_test else {"chosen": outcome.metric, "honest": beside.name}
    return {**told, "points": _points(outcome)}


def _points(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            **{key: text if key in outcome.keys else read_cell(text) for key, text in line.items()},
            "best": bool(line["best"]),
        }
        for line in outcome.points
    ]
