"""The functions of `import deeplab`: each says what its command says, and returns what came of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from deeplab.api.arrays import with_arrays
from deeplab.api.find import found, kind_of, open_place, stored
from deeplab.api.keywords import (
    RunsKeywords,
    StoreKeywords,
    TrainKeywords,
    VerifyKeywords,
    code_of,
    consenting,
    folder_of,
    overrides_of,
    taking,
)
from deeplab.api.process import as_in_its_own_process
from deeplab.api.run import Run
from deeplab.api.runs import Runs
from deeplab.api.stored import Stored
from deeplab.api.sweep import Sweep
from deeplab.api.verified import Verified
from deeplab.config.compose import compose_training
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.runs.query import Query, filter_runs
from deeplab.tracking.filter import parse
from deeplab.tracking.find import all_runs

if TYPE_CHECKING:
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
            file, and `experiment` in it; `config_dir`, a conf/ folder of one's own; `code`, a file of layers, losses,
            ... of one's own, which is run; `quiet=True` shows no progress.

    Raises:
        UserError: what is asked for cannot be trained; nothing is left in the store.
        RunError: the run failed.
        KeyboardInterrupt: it was interrupted; the run is KILLED and can be resumed.
    """
    from deeplab.workflows.resume import find_resume_point
    from deeplab.workflows.train import train as train_run

    texts, folder, resume = overrides_of(overrides, keywords), folder_of(keywords), keywords.get("resume")
    code = code_of(keywords)
    if resume is not None and keywords.get("data") is not None:
        raise UserError("A run that is resumed has its arrays in the store: leave data=... out.")
    with consenting(code), with_arrays(texts, keywords.get("data"), folder) as words:
        point = None if resume is None else find_resume_point(resume, words, folder)
        composed = compose_training(words, folder) if point is None else point.composed
        with as_in_its_own_process(composed.config.training), _training_shown(keywords) as observers:
            result = train_run(composed, observers, point)
    run = stored(composed.config.tracking, result.run_id, code)
    assert isinstance(run, Run)
    return run


@taking(VerifyKeywords)
def verify(what: "str | os.PathLike[str] | Stored", **keywords: Unpack[VerifyKeywords]) -> Verified:
    """Whether finished runs are what their configurations give: what `deeplab verify` does.

        deeplab.verify("mine.zip", spot="5%").outcome

    Args:
        what: a file of `deeplab pack`, a run or sweep of the store by its name, or what `train` and `sweep` returned.
        keywords: `spot`, the share of all epochs that is trained again, 5% if not given; `seed` of the draw; `data`,
            a path to the data; `store`, `experiment`, `config_dir` and `code` as of `train`; `quiet`.

    Raises:
        UserError: there is nothing that can be verified.
    """
    import secrets

    from deeplab.runs.to_verify import pack_or_store, share_of
    from deeplab.study.verify import with_results
    from deeplab.workflows.verify.verify import verify as verify_runs

    if not isinstance(what, str | os.PathLike | Stored):
        raise UserError(f"what: must be a file of 'deeplab pack', or a run or its name, got {what!r:.60}.")
    name, place = (what.id, what._place) if isinstance(what, Stored) else (os.fspath(what), None)
    seed, data = keywords.get("seed"), keywords.get("data")
    spot = keywords.get("spot")
    share = share_of("5%" if spot is None else str(spot), "spot=")
    tracking = tracking_config(overrides_of((), keywords), folder_of(keywords)) if place is None else place.tracking
    code = code_of(keywords) or (place.code if place else None)
    drawn = secrets.randbelow(2**32) if seed is None else seed
    with consenting(code), as_in_its_own_process(None), pack_or_store(name, tracking) as (store, runs, study):
        done = verify_runs(store, runs, share, drawn, None if data is None else Path(data))
        done = with_results(done, store, runs, study)
    return Verified(what.name if isinstance(what, Stored) else name, done)


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
    limit = keywords.get("limit")
    if limit is not None and limit < 1:
        raise UserError(f"limit must be at least 1, got {limit}.")
    place = open_place(keywords)
    everything = all_runs(place.store)
    query = Query(
        where,
        keywords.get("kind"),
        bool(keywords.get("failed")),
        bool(keywords.get("trials")),
        keywords.get("sort"),
        bool(keywords.get("reverse")),
        limit,
    )
    by_id = {run.id: run for run in everything}
    rows = filter_runs(everything, query) if everything else []
    return Runs([kind_of(by_id[row.id])(row.id, row, by_id[row.id], place) for row in rows])


@taking(StoreKeywords)
def load(run: str, **keywords: Unpack[StoreKeywords]) -> Run | Sweep:
    """A stored run, or a sweep.

    Args:
        run: its id, the beginning of one, its name, `latest`, or `best:FILTER`, as on the command line.
        keywords: `store`, `experiment` and `config_dir` as of `train`.

    Raises:
        UserError: there is no such run, or several.
    """
    return found(open_place(keywords), run)


@contextmanager
def _training_shown(keywords: Mapping[str, Any]) -> Iterator[list["RunObserver"]]:
    if keywords.get("quiet"):
        yield []
        return
    from deeplab.cli.terminal.training_progress import progress

    with progress() as observer:
        yield [observer]
