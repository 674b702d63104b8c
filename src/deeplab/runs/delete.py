"""Delete runs with everything that lies on a disk for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.errors import RunError, UserError
from deeplab.tracking.artifact_locations import is_inside, local_path
from deeplab.tracking.artifacts import list_files, model_locations
from deeplab.tracking.delete import delete_files, delete_tree, remove_models
from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, check_writable, checkpoint_folder, first_line, store_errors
from deeplab.tracking.tags import PARENT_TAG


@dataclass(frozen=True)
class Deletion:
    """A run that is to go."""

    run: Run
    files: int  # how many lie there for it: artifacts, models, checkpoints and plans
    bytes: int
    outside: tuple[Path, ...]  # where some of them lie outside the store's folder


def plan_deletion(store: Store, runs: Sequence[Run], outside: bool = False) -> list[Deletion]:
    """List what goes when some runs go: they and the trials of those that are sweeps, the trials first.

    Args:
        outside: whether files may go that lie outside the store's folder.

    Raises:
        UserError: the store cannot be written, one of them is being written, or its files lie elsewhere.
    """
    check_writable(store)
    everything = all_runs(store)
    chosen: dict[str, Run] = {}
    for run in runs:
        members = [each for each in everything if each.tags.get(PARENT_TAG) == run.id]
        chosen |= {each.id: each for each in (*members, run)}
    for run in chosen.values():
        if run.is_alive:
            raise UserError(
                f"Run {run.label} is still running; nothing was deleted. End it first, with Ctrl-C where it runs."
            )
    # A run comes after those that belong to it, whatever order they were named in.
    order = sorted(chosen.values(), key=lambda run: PARENT_TAG not in run.tags)
    deletions = []
    for run in order:
        places = (run.artifact_uri, *model_locations(store, run.id))
        sizes = [size for place in places for _, size in list_files(store, place)]
        ours = (path for folder in _folders(store, run.id) for path in folder.rglob("*"))
        sizes += [path.stat().st_size for path in ours if path.is_file()]
        deletions.append(Deletion(run, len(sizes), sum(sizes), _outside(store, places)))
    if not outside:
        _check_inside(store, deletions)
    return deletions


def _outside(store: Store, places: Sequence[str]) -> tuple[Path, ...]:
    """Find the folders of these that are there and lie outside the store's, maybe by a link on the way."""
    folders = (path for place in places if (path := local_path(place)) is not None)
    return tuple(each for each in folders if each.exists() and not is_inside(each.parent, store.place.folder))


def _check_inside(store: Store, removals: Sequence[Deletion]) -> None:
    strangers = [removal for removal in removals if removal.outside]
    if store.place.database is None or not strangers:
        return
    first = strangers[0]
    more = f" and those of {len(strangers) - 1} more runs" if len(strangers) > 1 else ""
    raise UserError(
        f"Files of run {first.run.label}{more} lie outside the store {store.place.folder}, in "
        f"{first.outside[0].resolve()}, where another store may need them; nothing was deleted. To delete them, too: "
        "--outside"
    )


def remove(store: Store, removal: Deletion) -> None:
    """Delete a run: its files for good, and the run itself as MLflow deletes, which hides it.

    The files go first, so that whoever ends this half-way finds the run still there and can delete it again.

    Raises:
        RunError: the store refuses.
    """
    run_id = removal.run.id
    try:
        # Whether they may go where they lie elsewhere was asked before.
        remove_models(store, run_id, outside=True)
        delete_files(store, removal.run.artifact_uri, outside=True)
        for folder in _folders(store, run_id):
            delete_tree(folder)
        store.delete_run(run_id)
    except store_errors() as error:
        raise RunError(f"Run {removal.run.label} cannot be deleted: {first_line(error)}.") from error


def _folders(store: Store, run_id: str) -> list[Path]:
    """Find the folders of our own beside the store that belong to a run."""
    folders = (checkpoint_folder(store, run_id), store.place.work_folder / "sweeps" / run_id)
    return [folder for folder in folders if folder.is_dir()]
