"""`deeplab.sweep`, `decide` and `why`: trainings of several points, held against each other."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from deeplab.api.arrays import with_arrays
from deeplab.api.decision import Decision
from deeplab.api.explanation import Explanation
from deeplab.api.find import stored
from deeplab.api.keywords import (
    DecideKeywords,
    SweepKeywords,
    WhyKeywords,
    code_of,
    consenting,
    folder_of,
    overrides_of,
    taking,
)
from deeplab.api.run import Run
from deeplab.api.stored import Stored
from deeplab.api.sweep import Sweep
from deeplab.errors import UserError

if TYPE_CHECKING:
    from deeplab.sweep.observer import SweepObserver
    from deeplab.sweep.run import SweepResult


@taking(SweepKeywords)
def sweep(*overrides: str, **keywords: Unpack[SweepKeywords]) -> Sweep:
    """Train every point of a grid, each with several seeds, and compare them: what `deeplab sweep` does.

        swept = deeplab.sweep("l2=1e-6,1e-4,1e-3", "model=mlp_64_64", replicates=3)

    The same call again trains only what is missing. Trials are trained in processes of their own.

    Args:
        overrides: as on the command line, some with several values.
        keywords: `replicates`; `search="tpe"`, "random", "hyperband" or "asha"; `hours` and `trials`, of which one must
            end a search and may end a grid; `confirm=5` then trains the best point and the runner-up again with fresh
            seeds, see `.confirmation`; `fresh=True` begins anew; `yes=True` trains even more than 10,000 trials; and
            those of `train` but `resume`.

    Raises:
        UserError: a point cannot be trained; nothing was started.
        RunError: a trial failed; the others are finished, and `deeplab.load("latest")` has them.
        KeyboardInterrupt: it was interrupted; the same call again goes on.
    """
    result = _carried_out(overrides, keywords, lambda words, folder: _swept(words, folder, keywords))
    assert isinstance(result, Sweep)
    return result


@taking(DecideKeywords)
def decide(*overrides: str, **keywords: Unpack[DecideKeywords]) -> Decision:
    """Train points with more and more common seeds until it is known which is better: what `deeplab decide` does.

        deeplab.decide("model=dense_relu,dense_linear", margin=0.02, max_replicates=8).sentence

    The same call again goes on, with more budget or another margin.

    Args:
        overrides: as on the command line, some with several values.
        keywords: `margin`, `hours`, `max_replicates`, `against`; `fresh=True` begins anew; and those of `train` but
            `resume`.

    Raises:
        UserError: a point cannot be trained, or nothing would end the decision; nothing was started.
        RunError: a training failed; the others are finished.
        KeyboardInterrupt: it was interrupted; the same call again goes on.
    """
    result = _carried_out(overrides, keywords, lambda words, folder: _decided(words, folder, keywords))
    assert isinstance(result, Decision)
    return result


@taking(WhyKeywords)
def why(first: str | Stored, second: str | Stored, *overrides: str, **keywords: Unpack[WhyKeywords]) -> Explanation:
    """Train what lies between two configurations, and tell what each difference brings: what `deeplab why` does.

        deeplab.why("model=cnn", "model=cnn_dropout optimizer=adam", replicates=5).shares

    The same call again trains only what is missing.

    Args:
        first: A: overrides in one text, or a run: its name, or what `train` and `load` return.
        second: B, the same.
        overrides: of both, where they are no runs.
        keywords: `replicates`; `orders` that are drawn where there are more than four differences; `fresh=True` begins
            anew; `yes=True` trains even more than 10,000 trials; and those of `train` but `resume`.

    Raises:
        UserError: the two cannot be compared, are the same, or differ in too much; nothing was started.
        RunError: a training failed; the others are finished.
        KeyboardInterrupt: it was interrupted; the same call again goes on.
    """
    for letter, each in (("A", first), ("B", second)):
        if not isinstance(each, str | Stored):
            raise UserError(f"{letter}: give a run, or overrides in one text, as in 'model=cnn', not {each!r:.60}.")
    one, other = (each.id if isinstance(each, Stored) else each for each in (first, second))
    place = next((each._place for each in (first, second) if isinstance(each, Stored)), None)
    if place is not None and keywords.get("store") is None:  # runs are looked for where they are
        overrides = (*overrides, *place.overrides)
    carry_out = partial(_explained, one, other, keywords)
    result = _carried_out(overrides, {**keywords, "code": keywords.get("code") or (place and place.code)}, carry_out)
    assert isinstance(result, Explanation)
    return result


def _explained(
    first: str, second: str, keywords: WhyKeywords, words: list[str], folder: Path | None
) -> "SweepResult[Any, Any]":
    from deeplab.sweep.why.plan import ORDERS, plan_why
    from deeplab.sweep.why.source import checked_why, run_why

    orders = keywords.get("orders")
    asked = plan_why(first, second, words, folder, ORDERS if orders is None else orders, bool(keywords.get("yes")))
    plan = checked_why(asked)
    with _sweep_shown(keywords) as observer:
        return run_why(plan, observer, bool(keywords.get("fresh")))


def _carried_out(
    overrides: tuple[str, ...],
    keywords: Mapping[str, Any],
    carry_out: "Callable[[list[str], Path | None], SweepResult[Any, Any]]",
) -> Run | Sweep:
    """Train what a sweep, a decision or an explanation lacks, and find it in its store."""
    texts, folder, code = overrides_of(overrides, keywords), folder_of(keywords), code_of(keywords)
    with consenting(code), with_arrays(texts, keywords.get("data"), folder) as words:
        result = carry_out(words, folder)
        result.check()
    return stored(result.plan.sweep.run.config.tracking, result.run_id, code)


def _decided(words: list[str], folder: Path | None, keywords: DecideKeywords) -> "SweepResult[Any, Any]":
    from deeplab.study.points import points_of_studies
    from deeplab.sweep.decision.plan import Budget, checked_decision, plan_decision
    from deeplab.sweep.decision.source import run_decision

    budget = Budget(keywords.get("hours"), keywords.get("max_replicates"))
    margin, against = keywords.get("margin"), keywords.get("against")
    plan = checked_decision(plan_decision(words, folder, margin, against, budget, points_of_studies))
    with _sweep_shown(keywords) as observer:
        return run_decision(plan, observer, bool(keywords.get("fresh")))


def _swept(words: list[str], folder: Path | None, keywords: SweepKeywords) -> "SweepResult[Any, Any]":
    from deeplab.sweep.budget import Budget
    from deeplab.sweep.confirm import check_confirmable, run_confirmation

    search, confirm = keywords.get("search"), keywords.get("confirm")
    fresh, yes = bool(keywords.get("fresh")), bool(keywords.get("yes"))
    budget = Budget(keywords.get("hours"), keywords.get("trials"))
    result: SweepResult[Any, Any]
    if search is None:
        from deeplab.sweep.check import checked_plan
        from deeplab.sweep.plan import plan_sweep
        from deeplab.sweep.run import run_sweep

        planned = plan_sweep(words, folder, yes)
        check_confirmable(confirm, planned)
        plan = checked_plan(planned)
        with _sweep_shown(keywords) as observer:
            result = run_sweep(plan, observer, fresh, budget)
    else:
        from deeplab.sweep.search.choose import run_search
        from deeplab.sweep.search.plan import checked_search, plan_search

        asked = plan_search(words, folder, search, budget, yes)
        check_confirmable(confirm, asked)
        drawn = checked_search(asked)
        with _sweep_shown(keywords) as observer:
            result = run_search(drawn, observer, fresh)
    result.check()
    if confirm is not None and not result.ended:  # the best of a part is not the best yet
        with _sweep_shown(keywords) as observer:
            run_confirmation(result, confirm, folder, observer).check()
    return result


def _sweep_shown(keywords: Mapping[str, Any]) -> AbstractContextManager["SweepObserver"]:
    from deeplab.cli.terminal.sweep_progress import sweep_progress
    from deeplab.sweep.observer import SweepObserver

    return nullcontext(SweepObserver()) if keywords.get("quiet") else sweep_progress()
