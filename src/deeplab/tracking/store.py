"""Where runs are kept: found, checked and created before anything is trained."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError, nearest
from deeplab.imports import load
from deeplab.tracking.artifact_locations import Move, is_inside, local_path
from deeplab.tracking.database import ARTIFACTS, WAYS_ON, check_database, create_database, has_content
from deeplab.tracking.experiment import check_not_deleted, find_or_create, tell_outside
from deeplab.tracking.foreign import check_locations
from deeplab.tracking.location import DATABASE_PORTS, PORTS, StoreLocation, locate_store, redact_password
from deeplab.tracking.patient_client import PatientClient
from deeplab.tracking.postgres import PostgresReader
from deeplab.tracking.relocate import relocate, relocate_to_write
from deeplab.tracking.run import Run, from_mlflow
from deeplab.tracking.sqlite import SqliteReader, TableReader
from deeplab.tracking.tags import ERROR_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient


CONNECT_SECONDS = 5.0


class NothingThereError(UserError):
    """There is no store yet, or no such experiment in it."""


class UnreachableError(UserError):
    """The server of a store does not answer now."""


@dataclass(frozen=True)
class Store:
    """An open store."""

    place: StoreLocation
    client: "MlflowClient"
    experiment_id: str
    reader: TableReader | None = None  # reads without MLflow, where that is possible and the store was opened to read
    location: str = ""  # where the files of new runs go, an artifact location of MLflow's
    # of folders whose place its database does not record; none where the store was opened to write
    moves: tuple[Move, ...] = ()

    def get_run(self, run_id: str) -> Run:
        """Read a run; an MlflowException where there is none of this id."""
        return from_mlflow(self.client.get_run(run_id))

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Set a tag of a run."""
        self.client.set_tag(run_id, key, value)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away from a run, where it has it: MLflow refuses to take away what is not there."""
        if key in self.get_run(run_id).tags:
            self.client.delete_tag(run_id, key)

    def rename_run(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self.client.update_run(run_id, name=name)

    def end_run(self, run_id: str, status: str, why: str) -> None:
        """End a run that another process left, and say why."""
        self.client.set_tag(run_id, ERROR_TAG, why)
        self.client.set_terminated(run_id, status)

    def delete_run(self, run_id: str) -> None:
        """Delete the lines of a run; its files stay."""
        self.client.delete_run(run_id)

    def owns(self, path: Path) -> bool:
        """Whether something lies in the store's folder, or where the files of its experiment go."""
        files = local_path(self.location)
        return is_inside(path, self.place.folder) or (files is not None and is_inside(path, files))


class _ClientOnDemand:
    """MLflow's client, made when something is asked of it."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __getattr__(self, name: str) -> Any:
        from mlflow import MlflowClient

        return getattr(MlflowClient(self._uri), name)


def find_store(config: TrackingConfig) -> StoreLocation:
    """Where the store is or will be, or a UserError where it cannot be reached; nothing is created."""
    place = locate_store(config.uri)
    _check_reachable(place)
    return place


def open_store(config: TrackingConfig) -> Store:
    """Open the store, creating its database, tables and experiment if they are not there, or raise a UserError."""
    place = find_store(config)
    try:
        place.work_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{place.work_folder}: cannot be created ({error.strerror}). {WAYS_ON}") from error
    if place.database is not None:
        relocate_to_write(place.database)
    load_mlflow()  # only now, because it takes seconds
    import mlflow
    from filelock import FileLock

    quieten_mlflow()
    # Two first runs at once would create the tables twice.
    with _errors_told(place), FileLock(place.work_folder / "store.lock"), short_timeouts():
        if place.database is not None and not has_content(place.database):
            create_database(place.database)
        mlflow.set_tracking_uri(place.uri)
        client = mlflow.MlflowClient(place.uri)
        files = None if place.is_server else place.folder / ARTIFACTS
        experiment = find_or_create(client, config.experiment, files, redact_password(place.uri))
    if place.database is not None:
        tell_outside(experiment, place.folder)
    if place.database is None and not place.is_server:
        client = cast("MlflowClient", PatientClient(client))
    return Store(place, client, str(experiment.experiment_id), location=experiment.artifact_location)


def open_existing(config: TrackingConfig) -> Store:
    """Open a store that must have runs already, for a command that goes on from one of them."""
    _check_there(locate_store(config.uri))
    return open_store(config)


def open_if_there(config: TrackingConfig) -> Store | None:
    """Open a store to read; None where there is none yet, or no such experiment in it. Nothing is created."""
    try:
        return open_to_read(config)
    except NothingThereError:
        return None


def open_to_read(config: TrackingConfig) -> Store:
    """Open a store that is there, or raise a UserError; nothing is created."""
    place = locate_store(config.uri)
    if place.database is None:
        _check_reachable(place)
    _check_there(place)
    if place.database is not None:
        check_locations(place.database)
    quieten_mlflow()
    moves = () if place.database is None else relocate(place.database).moves
    reader = _reader(place)
    if reader is not None and reader.can_read() and (known := reader.experiment(config.experiment)):
        check_not_deleted(known, config.experiment, redact_password(place.uri))
        client = cast("MlflowClient", _ClientOnDemand(place.uri))
        return Store(place, client, known.experiment_id, reader, known.artifact_location, moves)
    load_mlflow()  # only now, because it takes more than a second
    import mlflow

    with _errors_told(place), short_timeouts():
        client = mlflow.MlflowClient(place.uri)
        experiment = client.get_experiment_by_name(config.experiment)
        names = [] if experiment else [each.name for each in client.search_experiments()]
    if experiment is None:
        raise NothingThereError(
            f"The store {redact_password(place.uri)} has no experiment '{config.experiment}'. "
            f"{nearest(config.experiment, names)}Known: {', '.join(names)}."
        )
    check_not_deleted(experiment, config.experiment, redact_password(place.uri))
    return Store(place, client, str(experiment.experiment_id), None, experiment.artifact_location, moves)


def _reader(place: StoreLocation) -> TableReader | None:
    if place.database is not None:
        return SqliteReader(place.database)
    return PostgresReader(place.uri) if urlsplit(place.uri).scheme.partition("+")[0] == "postgresql" else None


@contextmanager
def _errors_told(place: StoreLocation) -> Iterator[None]:
    """Say in one line why MLflow cannot use a store."""
    address = redact_password(place.uri)
    try:
        yield
    except ImportError as error:
        raise UserError(f"The store {address} needs the package {error.name}: pip install it.") from error
    except store_errors() as error:
        kind = UserError if place.database is not None else UnreachableError
        raise kind(f"The store {address} cannot be used ({first_line(error)}). {WAYS_ON}") from error


@contextmanager
def short_timeouts(seconds: int = 10) -> Iterator[None]:
    """For as long as it lasts, a server that does not answer is asked twice, for so many seconds each."""
    before = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    os.environ.update({"MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"})
    try:
        yield
    finally:  # MLflow's own changes are undone, too
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            del os.environ[name]
        os.environ.update(before)


def quieten_mlflow() -> None:
    """Leave the screen to deeplab: MLflow tells of every table it creates and every file it reads."""
    import logging

    os.environ.setdefault("MLFLOW_HTTP_POOL_MAXSIZE", "20")  # more at once than it keeps are told of, too
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # of a server, which costs a request, too
    for name in ("mlflow", "mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _check_reachable(place: StoreLocation) -> None:
    """Fail at once where MLflow would try again for minutes."""
    if place.database is not None:
        check_database(place.database)
        check_locations(place.database)
        return
    parts = urlsplit(place.uri)
    usual = {**PORTS, **DATABASE_PORTS}[parts.scheme.partition("+")[0]]
    if parts.hostname or place.is_server:  # a database may be asked for through a socket
        try:
            host = (parts.hostname or "", parts.port or usual)
            socket.create_connection(host, timeout=CONNECT_SECONDS).close()
        except (OSError, ValueError, UnicodeError) as error:
            address = redact_password(place.uri)
            raise UnreachableError(f"The store {address} cannot be reached ({error}). {WAYS_ON}") from error


def _check_there(place: StoreLocation) -> None:
    if place.database is not None and not has_content(place.database):
        raise NothingThereError(f"There is no store {place.database} yet. Train something first, as in: deeplab train")


def check_writable(store: Store) -> None:
    """Refuse to write into a store that was opened to read, and cannot be written or record that it was moved."""
    if store.place.database is not None:
        check_database(store.place.database)
        relocate_to_write(store.place.database)


def load_mlflow() -> None:
    """Import what the store needs, which takes seconds."""
    load("mlflow", "mlflow.store.tracking.sqlalchemy_store")


def store_errors() -> tuple[type[Exception], ...]:
    """What writing to a store can raise when it is full, gone or refuses."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return (MlflowException, SQLAlchemyError, OSError)


def first_line(error: Exception) -> str:
    """The first line of what an error says, without its full stop."""
    return next((line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()), type(error).__name__)


def checkpoint_folder(store: Store, run_id: str) -> Path:
    """Where the checkpoints of a run are kept while it is not finished."""
    return store.place.work_folder / "checkpoints" / run_id
