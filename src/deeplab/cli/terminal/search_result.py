"""What is said of a search: what it draws from, and its best trials."""

import shlex
from collections.abc import Sequence
from statistics import stdev
from typing import TYPE_CHECKING

from deeplab.choice import ON_TEST
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import duration
from deeplab.code.file import consent_words
from deeplab.config.schema import SWEEP_KEYS
from deeplab.metrics import COSTS, against, metric_of
from deeplab.report.page import Cell, Table
from deeplab.report.search import objective_label
from deeplab.sweep.results.summary import times
from deeplab.sweep.run import SweepResult
from deeplab.sweep.search.plan import SearchPlan, space_text

if TYPE_CHECKING:
    from deeplab.sweep.search.parent_run import SearchTrial

MOST_ROWS = 10


def show_space(search: SearchPlan) -> None:
    """Print what a search would draw from."""
    screen = console()
    rows = tuple((axis.key, space_text(axis)) for axis in search.grid.axes)
    print_parts((Table(search.name, ("key", "drawn from"), rows),))
    screen.print(f"{search.name}: {search.size}. Nothing was trained.", soft_wrap=True)
    if search.on_test:
        screen.print("It would choose on the test set; validation=tail holds training rows out for it.", soft_wrap=True)


def show_search(result: "SweepResult[SearchPlan, tuple[SearchTrial, ...]]") -> None:
    """Print the best trials, how to train the best one again, and where to see more."""
    screen, search, drawn = console(), result.plan, result.summary
    metric, several = search.sweep.comparison.metric, search.replicates > 1
    finished = [trial for trial in drawn if trial.state == "COMPLETE" and trial.value is not None]
    finished.sort(key=lambda trial: metric_of(metric).rank(trial.value or 0.0))
    others = [name for name in search.objectives if name != metric]
    front = [trial for trial in finished if trial.on_front]
    best = next(iter(front or finished), None)
    keys = [axis.key.rpartition(".")[2] for axis in search.grid.axes]
    spread = ("n", "std") if several else ()
    rows = tuple(
        (
            *trial.settings.values(),
            f"{trial.value:.4f}",
            *(trial.objectives[search.objectives.index(name)] for name in others),
            *((_count(trial.scores, search), _deviation(trial.scores)) if several else ()),
            trial.number,
            trial.run_id[:8],
        )
        for trial in (front if others else finished)[:MOST_ROWS]
    )
    head = (*keys, metric_of(metric).short_label, *map(objective_label, others), *spread, "trial", "run")
    print_parts((Table(search.name, head, rows, marked=0),))
    if others:
        told, more = ", ".join(search.objectives), f", {MOST_ROWS} of them above" if len(front) > MOST_ROWS else ""
        screen.print(
            f"{len(front)} of {len(finished)} finished trials are on the front of {told}{more}: no other one is as "
            "good in each and better in one",
            soft_wrap=True,
        )
    pruned = sum(trial.state == "PRUNED" for trial in drawn)
    screen.print(f"{len(finished)} trials finished, {pruned} were pruned", soft_wrap=True)
    if best is None or best.value is None:
        screen.print("No trial is finished.")
    else:
        settings = shlex.join(f"{key}={value}" for key, value in best.settings.items())
        reference = search.sweep.comparison.reference
        of = (
            f" (mean of {times(search.replicates, search.sweep.folds)}, standard deviation {_deviation(best.scores)})"
            if several
            else ""
        )
        screen.print(f"best {metric}: {best.value:.4f}{of} with {settings}", soft_wrap=True)
        if reference is not None:
            screen.print(against(reference.label, reference.value, metric, best.value), soft_wrap=True)
        own = [text for text in search.grid.common if text.partition("=")[0].split(".")[0] not in SWEEP_KEYS]
        listed = dict.fromkeys(each for each in search.told if each not in COSTS and metric_of(each).is_optional)
        if listed and not any(text.startswith("training.metrics=") for text in own):
            own.append(f"training.metrics=[{', '.join(each.rpartition('/')[2] for each in listed)}]")
        own += ["validation.fold=1"] if search.sweep.folds > 1 else []
        again = shlex.join([*consent_words(), *own])
        screen.print(f"To train it again: deeplab train {again} {settings}", soft_wrap=True)
        if search.on_test:
            screen.print(ON_TEST, soft_wrap=True)
    show_end(f"search {result.run_id} in {duration(result.seconds)}", result.place, "its figure and trials")


def _count(scores: Sequence[float], search: SearchPlan) -> Cell:
    """How many trainings of a point are finished."""
    return times(len(scores), search.sweep.folds) if len(scores) == search.replicates else len(scores)


def _deviation(scores: Sequence[float]) -> str:
    """The standard deviation of some scores, of which runs may have been deleted since."""
    return f"{stdev(scores):.4f}" if len(scores) > 1 else "unknown"
