"""What a person asks to be verified: runs of the store or of a file of `deeplab pack`, and how much of each."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.runs.pack import together, unpack
from deeplab.runs.pack_file import open_pack
from deeplab.tracking.find import find_run
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, open_store, open_to_read


@contextmanager
def pack_or_store(
    what: str, tracking: TrackingConfig, unpacked: Callable[[], None] = lambda: None
) -> Iterator[tuple[Store, list[Run], Path | None]]:
    """Open what has the runs of a file, for as long as the context lasts, or the store; with all that belongs to them.

    Yields the store, the runs, and the folder with the files of the study that the file may be of.

    Args:
        what: FILE.zip, or a run or a sweep of the store.
        tracking: which store.
        unpacked: told when the files of a pack have turned out to be those that its manifest names.

    Raises:
        UserError: there is no such file or run, or the file is damaged.
    """
    if Path(what).suffix != ".zip":
        store = open_to_read(tracking)
        yield store, together(store, [find_run(store, what)]), None
        return
    with tempfile.TemporaryDirectory() as scratch:
        with open_pack(what) as reader:
            inside = TrackingConfig(f"sqlite:///{scratch}/mlflow.db", "deeplab", "all", "all")
            unpack(reader, inside)
            unpacked()
            study = Path(scratch, "study")
            has_study = bool(reader.copy_study(study))
            asked = reader.manifest.runs
        store = open_store(inside)
        try:
            yield store, [find_run(store, run_id) for run_id in asked], study if has_study else None
        except UserError as error:  # the folder will be gone, and the file has the same
            raise UserError(str(error).replace(f"{scratch}/mlruns/", f"{what}: runs/")) from error


def share_of(text: str, name: str) -> float:
    """The share of all epochs that is to be trained again, as a person gives it.

    Args:
        text: what was given.
        name: what it was given as, `--spot ` or `spot=`.

    Raises:
        UserError: it is no share.

    Examples:
        >>> share_of("5%", "--spot "), share_of("0.25", "spot=")
        (0.05, 0.25)
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(%?)", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 <= share <= 1:
        raise UserError(f"{name}{text}: give a share of all epochs, from 0 to 1 or 0% to 100%.")
    return share
