"""Find the run a person means: by id, the beginning of one, a name, `latest`, or as the best that a filter leaves."""

import math
import re
import sys
from collections.abc import Sequence

from deeplab.choice import ON_TEST, candidates, left_out
from deeplab.errors import UserError, nearest
from deeplab.metrics import compared
from deeplab.tracking.field_names import asks_for_validation, select, validated_on_test
from deeplab.tracking.run import Run, from_mlflow
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG

BEST = "best:"
TRAINED = ("train", "trial")
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


def find_run(store: Store, wanted: str) -> Run:
    """The one run that is meant.

    Args:
        store: where to look; only the runs of its experiment count.
        wanted: a run's id, a beginning of one that no other has, a name, `latest`, or `best:FILTER`, the finished
            training with the best score on validation data among those that the filter is true of; that some were
            left out, or that they were chosen from on the test set, is told on standard error.

    Raises:
        UserError: there is no such run, or several, or the filter is wrong.
    """
    runs = _newest(store) if wanted == "latest" else all_runs(store)
    if not runs:
        raise UserError(f"Run '{wanted}': the store has no runs yet.")
    if wanted == "latest":
        return runs[0]
    if wanted.startswith(BEST):
        best, remark = best_run(runs, wanted.removeprefix(BEST))
        if remark:
            print(f"deeplab: {wanted} is {best.label}. {remark}", file=sys.stderr)
        return best
    found = [run for run in runs if run.id == wanted]
    found = found or [run for run in runs if run.name == wanted]
    found = found or [run for run in runs if run.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(run.short_id for run in found[:5])
        raise UserError(f"Run '{wanted}' may be any of {len(found)}: {ids}. Give the beginning of an id.")
    names = [run.name for run in runs]
    raise UserError(f"There is no run '{wanted}'. {nearest(wanted, names)}Newest: {names[0]} ({runs[0].id[:8]}).")


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
    if store.reader is not None:
        found = store.reader.runs(store.experiment_id, run_id=run_id)
    else:
        found = _page(store, 1, f"attributes.run_id = '{run_id}'")[0]
    return found[0] if found else None


def all_runs(store: Store, tag: tuple[str, str] | None = None) -> list[Run]:
    """Every run of the experiment, the newest first.

    Args:
        tag: key and value that they have, or None.
    """
    if store.reader is not None:
        return _checked(store.reader.runs(store.experiment_id, tag=tag))
    condition = f"tags.`{tag[0]}` = '{tag[1]}'" if tag else ""
    runs: list[Run] = []
    token: str | None = None
    while True:
        page, token = _page(store, 1000, condition, token)
        runs.extend(page)
        if not token:
            return _checked(runs)


def _newest(store: Store) -> Sequence[Run]:
    if store.reader is not None:
        return _checked(store.reader.runs(store.experiment_id, most=1))
    return _checked(_page(store, 1)[0])


def _checked(runs: Sequence[Run]) -> list[Run]:
    """Refuse ids that no MLflow gives: they become names of folders, which are written and deleted."""
    for run in runs:
        if not _ID.fullmatch(run.id):
            raise UserError(f"The store has a run with the id '{run.id}', which is none; it was tampered with.")
    return list(runs)


def _page(store: Store, most: int, condition: str = "", token: str | None = None) -> tuple[list[Run], str | None]:
    """Runs as MLflow finds them, and the token of the next page if there is one."""
    order = ["attributes.start_time DESC"]
    page = store.client.search_runs(
        [store.experiment_id], condition, order_by=order, max_results=most, page_token=token
    )
    return [from_mlflow(run) for run in page], page.token
