"""`deeplab sweep`: every combination of several values, each several times."""

import shlex
from collections.abc import Sequence
from statistics import stdev
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deeplab.choice import ON_TEST
from deeplab.cli.arguments import AsJson, ConfigDir, Overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end, show_plan, show_sweep
from deeplab.cli.terminal.sweep_result import show_confirmation, shown, sweep_json
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import duration
from deeplab.code.file import consent_words
from deeplab.config.schema import SWEEP_KEYS
from deeplab.metrics import COSTS, against, metric_of
from deeplab.report.page import Cell, Table
from deeplab.report.search import objective_label
from deeplab.sweep.budget import Budget
from deeplab.sweep.check import checked_plan
from deeplab.sweep.confirm import check_confirmable, run_confirmation
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.results.summary import times
from deeplab.sweep.run import SweepResult, run_sweep
from deeplab.sweep.search.plan import SearchPlan, checked_search, plan_search, space_text

if TYPE_CHECKING:
    from deeplab.sweep.search.parent_run import SearchTrial


@reading_files
@running_code
def sweep(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; train nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the same command did before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Train even more than 10,000 trials.")] = False,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="tpe|random|hyperband|asha", help="Search instead of training every point."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", help="End with so many trials in all, of a grid as of a search.")
    ] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Begin no training after so many hours.")] = None,
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm", metavar="SEEDS", help="Then train the best point and the runner-up again, with fresh seeds."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train every point of a grid, each with several seeds, and compare them.

    deeplab sweep l2=1e-6,1e-4,1e-3 replicates=3 model=mlp_64_64

    The same command again trains only what is missing. Optuna searches where there are too many points:

    deeplab sweep --search tpe --trials 30 "l2=interval(1e-6,1e-2)" model=mlp_64_64

    With --hours or --trials a grid trains replicate 1 of every point first, then 2, so that what is ended is fair; the
    same command goes on, for as many hours again.

    With replicates, a trial is the mean of several trainings; the first of them alone decides whether it is pruned.

    The best of many is rather too good: --confirm 5 trains it and the runner-up again with five fresh seeds.
    """
    budget = Budget(hours, trials)
    noun = "sweep" if search is None else "search"
    with interruptible(f"Interrupted before the {noun} began; nothing was started."):
        if search is None:
            planned = plan_sweep(overrides or [], config_dir, yes)
            check_confirmable(confirm, planned)
            plan = checked_plan(planned)
            if dry_run:
                show_plan(plan)
                return
            with shown(as_json) as observer:
                result: SweepResult[Any, Any] = run_sweep(plan, observer, fresh, budget)
        else:
            asked = plan_search(overrides or [], config_dir, search, budget, yes)
            check_confirmable(confirm, asked)
            searched = checked_search(asked)
            if dry_run:
                _show_space(searched)
                return
            from deeplab.sweep.search.choose import run_search  # here, because it imports Optuna

            with shown(as_json) as observer:
                result = run_search(searched, observer, fresh)
    if not as_json:
        (show_sweep if search is None else _show_search)(result)
        if result.ended:
            console().print(result.ended, soft_wrap=True)
            if confirm is not None:
                console().print("The best of a part is not the best yet: --confirm follows when the rest is trained.")
    _check_finished(result, as_json)
    confirmed = None
    if confirm is not None and not result.ended:
        with shown(as_json) as observer:
            confirmed = run_confirmation(result, confirm, config_dir, observer)
    if as_json:
        print(sweep_json(result, confirmed))
    elif confirmed is not None:
        show_confirmation(confirmed)
    if confirmed is not None:
        _check_finished(confirmed, as_json=False)


def _check_finished(result: "SweepResult[Any, Any]", as_json: bool) -> None:
    """Raise where trials failed; other programs are told first what there is."""
    if result.failed and as_json:
        print(sweep_json(result, None))
    result.check()


MOST_ROWS = 10


def _show_space(search: SearchPlan) -> None:
    screen = console()
    rows = tuple((axis.key, space_text(axis)) for axis in search.grid.axes)
    print_parts((Table(search.name, ("key", "drawn from"), rows),))
    screen.print(f"{search.name}: {search.size}. Nothing was trained.", soft_wrap=True)
    if search.on_test:
        screen.print("It would choose on the test set; validation=tail holds training rows out for it.", soft_wrap=True)


def _show_search(result: "SweepResult[SearchPlan, tuple[SearchTrial, ...]]") -> None:
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
