"""Find the run a person means: by id, the beginning of one, a name, `latest`, or as the best that a filter leaves."""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from deeplab.choice import ON_TEST, candidates, left_out
from deeplab.errors import UserError, nearest
from deeplab.metrics import compared
from deeplab.tracking.beside import ask_all
from deeplab.tracking.field_names import asks_for_validation, select, validated_on_test
from deeplab.tracking.run import Run, from_mlflow
from deeplab.tracking.served import served_runs
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG, PARENT_TAG, POINT_TAG

BEST = "best:"
TRAINED = ("train", "trial")
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_QUOTABLE = re.compile(r"[^'\"\\%]{1,250}")  # what a filter of MLflow's can say, whose texts know no escapes


def find_run(store: Store, name: str) -> Run:
    """The one run that is meant.

    Args:
        store: where to look; only the runs of its experiment count.
        name: a run's id, a beginning of one that no other has, a name, `latest`, or `best:FILTER`, the finished
            training with the best score on validation data among those that the filter is true of; that some were
            left out, or that they were chosen from on the test set, is told on standard error.

    Raises:
        UserError: there is no such run, or several, or the filter is wrong.
    """
    runs = _runs(store, most=1) if name == "latest" else _served_by_name(store, name) or all_runs(store)
    if not runs:
        raise UserError(f"Run '{name}': the store has no runs yet.")
    if name == "latest":
        return runs[0]
    if name.startswith(BEST):
        best, remark = best_run(runs, name.removeprefix(BEST))
        if remark:
            print(f"deeplab: {name} is {best.label}. {remark}", file=sys.stderr)
        return best
    matching = [run for run in runs if run.id == name]
    matching = matching or [run for run in runs if run.name == name]
    matching = matching or [run for run in runs if run.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(run.short_id for run in matching[:5])
        raise UserError(f"Run '{name}' may be any of {len(matching)}: {ids}. Give the beginning of an id.")
    names = [run.name for run in runs]
    raise UserError(f"There is no run '{name}'. {nearest(name, names)}Newest: {names[0]} ({runs[0].id[:8]}).")


def _served_by_name(store: Store, name: str) -> list[Run]:
    """The runs of a server that a name or the beginning of an id may mean, the newest first: it takes long for all."""
    if not store.place.is_server or not _QUOTABLE.fullmatch(name):
        return []
    conditions = [f"attributes.run_name = '{name}'"]
    if _ID.fullmatch(name):
        conditions.append(f"attributes.run_id LIKE '{name}%'")
    return _asked_for(store, conditions)


def best_run(runs: Sequence[Run], text: str) -> tuple[Run, str]:
    """The finished training with the best score on validation data; of equals the oldest.

    Accuracies are compared where any has one, and losses otherwise: a loss says nothing against an accuracy. Runs that
    were validated on the test set do not compete, unless they are all there is and the filter asks for them.

    Args:
        runs: to choose from, the newest first.
        text: a filter; an empty one leaves them all.

    Returns:
        The run, and what must be known of the choice, or nothing.

    Raises:
        UserError: nothing is left, or the filter is wrong.
    """
    matching = [run for run in select(runs, text) if run.tags.get(KIND_TAG) in TRAINED]
    finished = [run for run in matching if run.status == "FINISHED"]
    scored = [run for run in finished if any(_has(run, metric.logged_as) for metric in compared("val"))]
    competing = candidates(scored, validated_on_test)
    on_test = f"({text}) and validation=test" if text.strip() else "validation=test"
    if competing.on_test and not asks_for_validation(text):
        raise UserError(
            f"Run '{BEST}{text}': all that match, {len(scored)} finished, were validated on the test set, and nothing "
            f"is chosen on that. To choose on it all the same: '{BEST}{on_test}'. To hold out training rows: "
            "validation=tail when training."
        )
    remark = ON_TEST if competing.on_test and len(scored) > 1 else ""
    if competing.left_out:
        remark = f"{left_out(competing.left_out, 'run')} To choose among those: '{BEST}{on_test}'."
    for metric in compared("val"):
        having = [run for run in reversed(competing.items) if _has(run, metric.logged_as)]
        best = metric.best(run.metrics[metric.logged_as] for run in having)
        if best is not None:
            return having[best], remark
    if not matching:
        raise UserError(f"Run '{BEST}{text}': none of {len(runs)} runs is a training that the filter is true of.")
    raise UserError(
        f"Run '{BEST}{text}': {len(matching)} trainings match, {len(finished)} of them finished, "
        "and none of those has a score on validation data."
    )


def _has(run: Run, metric: str) -> bool:
    return math.isfinite(run.metrics.get(metric, math.nan))


def run_by_id(store: Store, run_id: str) -> Run | None:
    """The run of this id, or None where it is gone."""
    if not _ID.fullmatch(run_id):  # it stands in a tag, which anybody can write
        return None
    return next(iter(_runs(store, run_id=run_id)), None)


def all_runs(store: Store, tag: tuple[str, str] | None = None, only: Sequence[str] = ()) -> list[Run]:
    """Every run of the experiment that has a tag, of this key and value, or of them all; the newest first.

    Args:
        store: where they are.
        tag: its key and value, or None.
        only: names of tags; all other tags, params and metrics, which take most of the time, may be missing then.
    """
    return _runs(store, tag=tag, only=only)


def trials_at(store: Store, parent_id: str, point: str) -> list[Run]:
    """Every trial of a sweep at one of its points, the newest first."""
    if store.reader is None and point.isdigit():  # a search's may hold quotes, which MLflow's filters cannot write
        condition = f"tags.`{PARENT_TAG}` = '{parent_id}' and tags.`{POINT_TAG}` = '{point}'"
        return list(_asked(store, condition, 1000))
    return [run for run in all_runs(store, (PARENT_TAG, parent_id)) if run.tags.get(POINT_TAG) == point]


def runs_naming(store: Store, run_id: str, tags: Iterable[str]) -> list[Run]:
    """Every run of the experiment that names another one in one of these tags, the newest first."""
    if store.reader is not None:  # which reads all of them in the time that a server takes for a few
        return [run for run in all_runs(store) if any(run_id in run.tags.get(tag, "").split() for tag in tags)]
    conditions = [f"tags.`{tag}` LIKE '%{run_id}%'" for tag in tags]
    return _asked_for(store, conditions)


def _asked_for(store: Store, conditions: Iterable[str]) -> list[Run]:
    """Every run that one of these filters of MLflow's is true of, the newest first."""
    answers = ask_all(lambda asked: list(_asked(store, asked, 1000)), conditions, beside=store.place.is_server)
    found = {run.id: run for answer in answers for run in answer}
    return sorted(found.values(), key=lambda run: -run.started_ms)


def _runs(
    store: Store,
    most: int | None = None,
    run_id: str | None = None,
    tag: tuple[str, str] | None = None,
    only: Sequence[str] = (),
) -> list[Run]:
    if store.reader is not None:
        runs = store.reader.runs(store.experiment_id, most, run_id, tag, only)
    else:
        condition = f"attributes.run_id = '{run_id}'" if run_id else f"tags.`{tag[0]}` = '{tag[1]}'" if tag else ""
        runs = list(islice(_asked(store, condition, min(most or 1000, 1000)), most))
    for run in runs:
        # No MLflow gives such an id; it would become the name of a folder, which is written and deleted.
        if not _ID.fullmatch(run.id):
            raise UserError(f"The store has a run with the id '{run.id}', which is none; it was tampered with.")
    return runs


def _asked(store: Store, condition: str, at_once: int) -> Iterator[Run]:
    if store.place.is_server:
        yield from served_runs(store.place.uri, store.experiment_id, condition, at_once)
        return
    token: str | None = ""
    while token is not None:
        page = store.client.search_runs(
            [store.experiment_id],
            condition,
            order_by=["attributes.start_time DESC"],
            max_results=at_once,
            page_token=token or None,
        )
        yield from map(from_mlflow, page)
        token = page.token or None
