"""Delete what runs left in an artifact store: what is the store's own, and nothing that a link leads to."""

import shutil
from contextlib import suppress
from pathlib import Path

from deeplab.tracking.artifact_locations import local_path
from deeplab.tracking.artifacts import open_folder
from deeplab.tracking.notice import tell
from deeplab.tracking.store import Store


def remove_models(store: Store, run_id: str, outside: bool = False) -> None:
    """Delete the models of a run, their files too; see `delete_files`."""
    for model in store.client.search_logged_models([store.experiment_id], filter_string=f"source_run_id = '{run_id}'"):
        store.client.delete_logged_model(model.model_id)
        delete_files(store, model.artifact_location, outside=outside)


def delete_files(store: Store, location: str, path: str | None = None, outside: bool = False) -> None:
    """Delete files from an artifact store.

    Args:
        store: whose they are; what lies in a folder that is not the store's own is left there, and that is told.
        path: of a file or folder in it, or None for all of it.
        outside: delete them wherever they lie.
    """
    folder = local_path(location)
    if folder is None:
        open_folder(store, location).delete_artifacts(path)
        return
    target = folder if path is None else folder / path
    if not outside and not store.owns(target.parent):
        tell(f"{target} lies outside the store {store.place.folder} and was left there.")
        return
    delete_tree(target)
    if path is None:
        # What held nothing else is of no use to anybody.
        with suppress(OSError):
            folder.parent.rmdir()


def delete_tree(path: Path) -> None:
    """Delete a file, a folder with what is in it, or a link, but not what it leads to; nothing where nothing is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
