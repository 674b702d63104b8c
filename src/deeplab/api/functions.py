"""The functions of `import deeplab`: each says what its command says, and returns what came of it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from deeplab.api.arrays import with_arrays
from deeplab.api.keywords import (
    RunsKeywords,
    StoreKeywords,
    SweepKeywords,
    TrainKeywords,
    folder_of,
    overrides_of,
    taking,
)
from deeplab.api.process import as_in_its_own_process
from deeplab.api.run import Run
from deeplab.api.runs import Runs
from deeplab.api.stored import Place
from deeplab.api.sweep import Sweep
from deeplab.config.compose import compose_training
from deeplab.config.schema import TrackingConfig
from deeplab.config.tracking import tracking_config
from deeplab.errors import RunError, UserError
from deeplab.runs.query import Query, filter_runs
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.filter import parse
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.run import Run as TrackedRun
from deeplab.tracking.store import open_to_read
from deeplab.tracking.tags import KIND_TAG, PARENT_TAG

if TYPE_CHECKING:
    from deeplab.sweep.observer import SweepObserver
    from deeplab.sweep.run import SweepResult
    from deeplab.workflows.train import RunObserver


@taking(TrainKeywords)
def train(*overrides: str, **keywords: Unpack[TrainKeywords]) -> Run:
    """Train a network and log the run: what `deeplab train` does.

        run = deeplab.train("model=cnn_dropout", "dataset=mnist", epochs=3)

    Args:
        overrides: as on the command line.
        keywords: `data`, arrays in the place of a data set: (x_train, y_train, x_test, y_test),
            ((x_train, y_train), (x_test, y_test)) or a mapping with these names and x_val, y_val;
            `epochs`, `seed`, `name`; `resume`, a run to go on with; `store`, a tracking URI or the path of a SQLite
            file, and `experiment` in it; `config_dir`, a conf/ folder of one's own; `quiet=True` shows no progress.

    Raises:
        UserError: what is asked for cannot be trained; nothing is left in the store.
        RunError: the run failed.
        KeyboardInterrupt: it was interrupted; the run is KILLED and can be resumed.
    """
    from deeplab.workflows.resume import find_resume_point
    from deeplab.workflows.train import train as train_run

    texts, folder, resume = overrides_of(overrides, keywords), folder_of(keywords), keywords.get("resume")
    if resume is not None and keywords.get("data") is not None:
        raise UserError("A run that is resumed has its arrays in the store: leave data=... out.")
    with with_arrays(texts, keywords.get("data"), folder) as words:
        point = None if resume is None else find_resume_point(resume, words, folder)
        composed = compose_training(words, folder) if point is None else point.composed
        with as_in_its_own_process(composed.config.training), _training_shown(keywords) as observers:
            result = train_run(composed, observers, point)
    run = stored(composed.config.tracking, result.run_id)
    assert isinstance(run, Run)
    return run


@taking(SweepKeywords)
def sweep(*overrides: str, **keywords: Unpack[SweepKeywords]) -> Sweep:
    """Train every point of a grid, each with several seeds, and compare them: what `deeplab sweep` does.

        swept = deeplab.sweep("l2=1e-6,1e-4,1e-3", "model=mlp_64_64", replicates=3)

    The same call again trains only what is missing. Trials are trained in processes of their own.

    Args:
        overrides: as on the command line, some with several values.
        keywords: `replicates`; `search="tpe"`, "random", "hyperband" or "asha"; `hours` and `trials`, of which one must
            end a search and may end a grid; `fresh=True` begins anew; and those of `train` but `resume`.

    Raises:
        UserError: a point cannot be trained; nothing was started.
        RunError: a trial failed; the others are finished, and `deeplab.load("latest")` has them.
        KeyboardInterrupt: it was interrupted; the same call again goes on.
    """
    texts, folder = overrides_of(overrides, keywords), folder_of(keywords)
    with with_arrays(texts, keywords.get("data"), folder) as words:
        result = _swept(words, folder, keywords)
    if result.failed:
        name, why = next(iter(result.failed.items()))
        raise RunError(f"{result.failure}, the first '{name}': {why}")
    found = stored(result.plan.sweep.run.config.tracking, result.run_id)
    assert isinstance(found, Sweep)
    return found


@taking(RunsKeywords)
def runs(where: str = "", **keywords: Unpack[RunsKeywords]) -> Runs[Run | Sweep]:
    """The runs of a store, the newest first; a sweep stands for its trials: what `deeplab runs` lists.

        deeplab.runs("model=cnn* and test/accuracy>0.98", sort="test/accuracy").table

    Args:
        where: a filter, as on the command line.
        keywords: `kind`, `failed`, `trials` (those of sweeps, too), `sort`, `reverse`, `limit`; `store`, `experiment`
            and `config_dir` as of `train`.

    Raises:
        UserError: there is no store, or the filter is wrong.
    """
    parse(where)
    place = _open(keywords)
    everything = all_runs(place.store)
    query = Query(
        where,
        keywords.get("kind"),
        bool(keywords.get("failed")),
        bool(keywords.get("trials")),
        keywords.get("sort"),
        bool(keywords.get("reverse")),
        keywords.get("limit"),
    )
    by_id = {run.id: run for run in everything}
    rows = filter_runs(everything, query) if everything else []
    return Runs([_kind(by_id[row.id])(row.id, row, by_id[row.id], place) for row in rows])


@taking(StoreKeywords)
def load(run: str, **keywords: Unpack[StoreKeywords]) -> Run | Sweep:
    """A stored run, or a sweep.

    Args:
        run: its id, the beginning of one, its name, `latest`, or `best:FILTER`, as on the command line.
        keywords: `store`, `experiment` and `config_dir` as of `train`.

    Raises:
        UserError: there is no such run, or several.
    """
    return _found(_open(keywords), run)


def stored(tracking: TrackingConfig, run: str) -> Run | Sweep:
    """A run of this store, or a sweep, as it is now."""
    return _found(Place(open_to_read(tracking), tracking), run)


def _open(keywords: Mapping[str, Any]) -> Place:
    tracking = tracking_config(overrides_of((), keywords), folder_of(keywords))
    return Place(open_to_read(tracking), tracking)


def _found(place: Place, name: str) -> Run | Sweep:
    run = find_run(place.store, name)
    row = summarize_runs([run], [run, *all_runs(place.store, (PARENT_TAG, run.id))])[0]
    return _kind(run)(run.id, row, run, place)


def _kind(run: TrackedRun) -> type[Run] | type[Sweep]:
    return Sweep if run.tags.get(KIND_TAG) == "sweep" else Run


def _swept(words: list[str], folder: Path | None, keywords: SweepKeywords) -> "SweepResult[Any, Any]":
    search, fresh = keywords.get("search"), bool(keywords.get("fresh"))
    from deeplab.sweep.budget import Budget

    budget = Budget(keywords.get("hours"), keywords.get("trials"))
    if search is None:
        from deeplab.sweep.check import checked_plan
        from deeplab.sweep.plan import plan_sweep
        from deeplab.sweep.run import run_sweep

        plan = checked_plan(plan_sweep(words, folder))
        with _sweep_shown(keywords) as observer:
            return run_sweep(plan, observer, fresh, budget)
    from deeplab.sweep.search.choose import run_search
    from deeplab.sweep.search.plan import checked_search, plan_search

    drawn = checked_search(plan_search(words, folder, search, budget))
    with _sweep_shown(keywords) as observer:
        return run_search(drawn, observer, fresh)


@contextmanager
def _training_shown(keywords: Mapping[str, Any]) -> Iterator[list["RunObserver"]]:
    if keywords.get("quiet"):
        yield []
        return
    from deeplab.cli.terminal.training_progress import progress

    with progress() as observer:
        yield [observer]


def _sweep_shown(keywords: Mapping[str, Any]) -> AbstractContextManager["SweepObserver"]:
    from deeplab.cli.terminal.sweep_progress import sweep_progress
    from deeplab.sweep.observer import SweepObserver

    return nullcontext(SweepObserver()) if keywords.get("quiet") else sweep_progress()
