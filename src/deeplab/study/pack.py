"""What of a study goes into a pack: its own files, and the runs that its results come from."""

from pathlib import Path

from deeplab.errors import UserError
from deeplab.study.config import FILE as STUDY_FILE
from deeplab.study.config import read_study
from deeplab.study.results import FILE as RESULTS_FILE
from deeplab.study.results import Results
from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG

FILES = (STUDY_FILE, RESULTS_FILE, "README.md")


def study_files(folder: Path) -> dict[str, bytes]:
    """The files of a study by name; its figures can be drawn again from them."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def study_runs(folder: Path, store: Store) -> list[Run]:
    """The runs that the lines of `results.csv` come from, and the sweeps that trained some of them.

    Raises:
        UserError: it is no study, nothing is finished, or a run is not in this store.
    """
    read_study(folder)
    results = Results(folder).rows
    if not results:
        raise UserError(f"{folder}: nothing is finished of this study yet. Carry it out: deeplab study {folder}")
    runs = {run.id: run for run in all_runs(store)}
    missing = sorted({row.run for row in results} - runs.keys())
    if missing:
        raise UserError(
            f"{folder / RESULTS_FILE}: {len(missing)} of its {len(results)} runs are not in the store "
            f"{store.place.folder}, {missing[0][:8]} among them. Give the one they are in: tracking.uri=..."
        )
    trained = [runs[row.run] for row in results]
    sweeps = (run.tags.get(PARENT_TAG, "") for run in trained)
    return [runs[run_id] for run_id in dict.fromkeys((*sweeps, *(run.id for run in trained))) if run_id in runs]
