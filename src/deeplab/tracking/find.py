"""Find the run a person means: by id, the beginning of one, a name, or `latest`."""

from typing import TYPE_CHECKING

from deeplab.config.errors import UserError, nearest
from deeplab.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run


def find_run(store: Store, wanted: str) -> "Run":
    """The one run that is meant.

    Args:
        store: where to look; only the runs of its experiment count.
        wanted: a run's id, a beginning of one that no other has, a name, or `latest`.

    Raises:
        UserError: there is no such run, or several.
    """
    runs = all_runs(store)
    if not runs:
        raise UserError(f"Run '{wanted}': the store has no runs yet.")
    if wanted == "latest":
        return runs[0]
    found = [run for run in runs if run.info.run_id == wanted]
    found = found or [run for run in runs if run.info.run_name == wanted]
    found = found or [run for run in runs if run.info.run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(run.info.run_id[:8] for run in found[:5])
        raise UserError(f"Run '{wanted}' may be any of {len(found)}: {ids}. Give the beginning of an id.")
    names = [run.info.run_name for run in runs]
    raise UserError(
        f"There is no run '{wanted}'. {nearest(wanted, names)}Newest: {names[0]} ({runs[0].info.run_id[:8]})."
    )


def all_runs(store: Store) -> "list[Run]":
    """Every run of the experiment, the newest first."""
    runs: list[Run] = []
    token: str | None = None
    while True:
        page = store.client.search_runs(
            [store.experiment_id], order_by=["attributes.start_time DESC"], max_results=1000, page_token=token
        )
        runs.extend(page)
        token = page.token
        if not token:
            return runs
