"""Put runs into a file that another store can take, and take them from it."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.files import aside_of, check_file
from deeplab.runs.pack_file import PackReader, PackWriter, run_json
from deeplab.tracking.carry import (
    CarriedRun,
    carried_files,
    check_takes_ids,
    kept_run,
    local_file,
    models_there,
    put_files,
    put_lines,
)
from deeplab.tracking.delete import delete_files
from deeplab.tracking.find import all_runs
from deeplab.tracking.location import StoreLocation
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, find_store, load_mlflow, open_store, quieten_mlflow
from deeplab.tracking.tags import (
    CLASSIFIER_TAG,
    CONFIRMS_TAG,
    DENOISERS_TAG,
    INITIAL_WEIGHTS_TAG,
    PARENT_TAG,
    SOURCE_TAG,
)

CHECKPOINTS = ("artifacts/last.ckpt", "artifacts/checkpoints/")
# Tags that name the runs without which a run cannot be understood or done again.
NEEDED = (INITIAL_WEIGHTS_TAG, SOURCE_TAG, CLASSIFIER_TAG, DENOISERS_TAG, CONFIRMS_TAG)


@dataclass(frozen=True)
class Packed:
    """A pack that was written."""

    path: Path
    runs: tuple[Run, ...]  # the ones that were named first, then those that belong to them
    files: int
    bytes: int  # of the file
    sha256: str  # of its manifest, which names the SHA-256 of every file
    without_checkpoints: bool


@dataclass(frozen=True)
class Unpacked:
    """What came of a pack."""

    place: StoreLocation  # where the runs are now
    added: tuple[CarriedRun, ...]
    there: tuple[CarriedRun, ...]  # in the store already, the same


def pack(
    store: Store, runs: Sequence[Run], out: Path, checkpoints: bool = True, study: Mapping[str, bytes] | None = None
) -> Packed:
    """Write runs, with their trials and what they began with, into a file.

    Args:
        store: where they are.
        runs: the ones that were named.
        out: the file, which ends in `.zip`; one that is there is written over.
        checkpoints: whether states to go on from are put in.
        study: files of a study by name, to go with its runs.

    Raises:
        UserError: one of them is still being written, or the file cannot be written.
    """
    check_file(out, ".zip", "--out")
    members = together(store, runs)
    for run in members:
        if run.status == "RUNNING":
            raise UserError(f"Run {run.label} is {run.shown_status.lower()}; only a run that has ended can be packed.")
    quieten_mlflow()
    load_mlflow()
    aside = aside_of(out)
    count = 0
    try:
        with aside.open("wb") as file, tempfile.TemporaryDirectory() as scratch:
            writer = PackWriter(file)
            for name, content in (study or {}).items():
                writer.add_bytes(f"study/{name}", content)
            for run in members:
                carried = CarriedRun.read(store, run)
                writer.add_bytes(f"runs/{run.id}/run.json", run_json(carried))
                for path, source in _sources(store, run, carried, Path(scratch)):
                    if checkpoints or not path.startswith(CHECKPOINTS):
                        count += 1
                        with source.open("rb") as content_of:
                            writer.add(f"runs/{run.id}/{path}", content_of)
            sha256 = writer.end([run.id for run in runs], [run.id for run in members])
        size = aside.stat().st_size
        aside.replace(out)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        aside.unlink(missing_ok=True)
    return Packed(out, tuple(members), count, size, sha256, not checkpoints)


def unpack(reader: PackReader, tracking: TrackingConfig) -> Unpacked:
    """Put the runs of a pack into a store, under the ids that they have; all of them, or none.

    Args:
        reader: the pack.
        tracking: the store, a database, and the experiment in it; made if they are not there.

    Raises:
        UserError: a file is not what the manifest says, a run is in the store and is another one, or the store gives
            ids of its own.
    """
    place = find_store(tracking)
    check_takes_ids(place)
    reader.check_room(place.work_folder)
    for run in reader.runs:
        reader.check(run.id)
    store = open_store(tracking)
    there = tuple(run for run in reader.runs if _is_there(store, run, reader))
    added = tuple(run for run in reader.runs if run not in there)
    if theirs := models_there(store, [model.id for run in added for model in run.models]):
        raise UserError(f"{reader.path}: model {theirs[0]} is in the store already, of another run.")
    with tempfile.TemporaryDirectory(dir=store.place.work_folder, prefix="unpack-") as scratch:
        for run in added:
            reader.copy(run.id, Path(scratch, run.id))
        try:
            for run in added:
                put_files(store, Path(scratch, run.id), run)
            put_lines(store, added)
        except BaseException:
            # Without lines they belong to nobody.
            for run in added:
                delete_files(store, store.location, run.id)
                for model in run.models:
                    delete_files(store, store.location, f"models/{model.id}")
            raise
    return Unpacked(place, added, there)


def together(store: Store, runs: Iterable[Run]) -> list[Run]:
    """These runs, their trials and finished confirmations, and those that they began with or speak of; each once."""
    everything = {run.id: run for run in all_runs(store)}
    members: dict[str, list[Run]] = {}
    for run in everything.values():
        members.setdefault(run.tags.get(PARENT_TAG, ""), []).append(run)
        if CONFIRMS_TAG in run.tags and run.status == "FINISHED":
            members.setdefault(run.tags[CONFIRMS_TAG], []).append(run)
    chosen: dict[str, Run] = {}

    waiting = list(runs)[::-1]
    while waiting:
        run = waiting.pop()
        if run.id in chosen:
            continue
        chosen[run.id] = run
        named = [run_id for tag in NEEDED for run_id in run.tags.get(tag, "").replace(",", " ").split()]
        waiting += reversed(
            [*(everything[run_id] for run_id in named if run_id in everything), *members.get(run.id, ())]
        )
    return list(chosen.values())


def _sources(store: Store, run: Run, carried: CarriedRun, scratch: Path) -> Iterator[tuple[str, Path]]:
    """The files of a run: path in the pack below its own folder, and where they are to be read."""
    for path, location, _ in sorted(carried_files(store, run, carried.models)):
        prefix = "artifacts/" if path.startswith("artifacts/") else path.partition("/artifacts/")[0] + "/artifacts/"
        yield path, local_file(store, location, path.removeprefix(prefix), scratch)


def _is_there(store: Store, carried: CarriedRun, reader: PackReader) -> bool:
    """Tell whether a run is in the store already; a UserError where one of this id is another."""
    kept = kept_run(store, carried.id)
    if kept is None:
        return False
    place = f"{reader.path}: run {carried.id[:8]} is in the store already"
    if kept.is_deleted:
        raise UserError(f"{place}, deleted. 'mlflow gc' sweeps it out, 'mlflow runs restore' brings it back.")
    if kept.experiment_id != store.experiment_id:
        raise UserError(f"{place}, in another experiment. Give that one: tracking.experiment=...")
    run = kept.run
    if CarriedRun.read(store, run) != carried:
        raise UserError(f"{place}, and what the two say differs. Unpack into another store: tracking.uri=...")
    with tempfile.TemporaryDirectory() as scratch:
        for path, source in _sources(store, run, carried, Path(scratch)):
            stated = reader.manifest.files.get(f"runs/{run.id}/{path}")
            if stated is not None and hashlib.sha256(source.read_bytes()).hexdigest() != stated.sha256:
                raise UserError(f"{place}, and its {path} differs. Unpack into another store: tracking.uri=...")
    return True
