"""A run as plain values and files, to be carried from one store to another under the id that it has."""

import math
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deeplab.errors import UserError
from deeplab.tracking.artifact_locations import current, local_path
from deeplab.tracking.artifacts import list_files
from deeplab.tracking.location import StoreLocation, redact_password
from deeplab.tracking.run import Run, from_mlflow
from deeplab.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

CHUNK = 1000  # rows that go into a database at once


@dataclass(frozen=True)
class CarriedModel:
    """A model that MLflow keeps for a run."""

    id: str
    name: str
    created_ms: int  # milliseconds since 1970
    updated_ms: int

    @property
    def folder(self) -> str:
        """Where its files are, below the folder of the experiment."""
        return f"models/{self.id}/artifacts"


@dataclass(frozen=True)
class CarriedRun:
    """All lines that a store has of a run."""

    id: str
    name: str
    status: str
    started_ms: int  # milliseconds since 1970
    ended_ms: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, Sequence[tuple[int, int, str]]]  # step, milliseconds since 1970, value as Python writes it
    models: tuple[CarriedModel, ...]

    @classmethod
    def read(cls, store: Store, run: Run) -> Self:
        """Read them from a store of any kind."""
        metrics = {
            key: sorted((each.step, each.timestamp, repr(float(each.value))) for each in history)
            for key in sorted(run.metrics)
            for history in [store.client.get_metric_history(run.id, key)]
        }
        found = store.client.search_logged_models([store.experiment_id], filter_string=f"source_run_id = '{run.id}'")
        models = (
            CarriedModel(
                str(each.model_id), str(each.name), int(each.creation_timestamp), int(each.last_updated_timestamp)
            )
            for each in found
        )
        return cls(
            run.id,
            run.name,
            run.status,
            run.started_ms,
            run.ended_ms,
            dict(run.params),  # in the order that they are shown in
            dict(sorted(run.tags.items())),
            metrics,
            tuple(sorted(models, key=lambda model: model.id)),
        )


def carried_files(store: Store, run: Run, models: Sequence[CarriedModel]) -> Iterator[tuple[str, str, int]]:
    """List the files of a run.

    Yields:
        The path below the run (`artifacts/...`) or of the model (`models/...`), the folder of the artifact store that
        it lies in, and its size in bytes.
    """
    for path, size in list_files(store, run.artifact_uri):
        yield f"artifacts/{path}", run.artifact_uri, size
    for model in models:
        location = str(store.client.get_logged_model(model.id).artifact_location)
        for path, size in list_files(store, location):
            yield f"{model.folder}/{path}", location, size


def local_file(store: Store, location: str, path: str, scratch: Path) -> Path:
    """Find a file of the artifact store on this machine: where it lies, or brought to a folder.

    Raises:
        UserError: it is a link, which may lead to anything that this machine has.
    """
    folder = local_path(current(location, store.moves))
    if folder is not None:
        file = folder / path
        if file.resolve() != folder.resolve() / path:
            raise UserError(f"{file} is a link, or below one; it is not packed. Put the file itself there.")
        return file
    import mlflow

    uri = posixpath.join(location, path)
    return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(scratch), tracking_uri=store.place.uri))


@dataclass(frozen=True)
class KeptRun:
    """A run of a store, in whatever experiment, deleted or not."""

    run: Run
    experiment_id: str
    is_deleted: bool  # hidden, until 'mlflow gc' sweeps it out


def kept_run(store: Store, run_id: str) -> KeptRun | None:
    """The run of this id that a store has, or None."""
    from mlflow.exceptions import MlflowException

    try:
        run = store.client.get_run(run_id)
    except MlflowException:
        return None
    return KeptRun(from_mlflow(run), str(run.info.experiment_id), run.info.lifecycle_stage == "deleted")


def models_there(store: Store, ids: Sequence[str]) -> list[str]:
    """Those ids of models that a database has already, of whatever run, deleted or not, and those given twice."""
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel

    there = {each for each in ids if ids.count(each) > 1}
    with _database(store).ManagedSessionMaker(read_only=True) as session:
        for start in range(0, len(ids), CHUNK):
            found = session.query(SqlLoggedModel.model_id)
            there |= {str(row[0]) for row in found.filter(SqlLoggedModel.model_id.in_(ids[start : start + CHUNK]))}
    return sorted(there)


def check_takes_ids(place: StoreLocation) -> None:
    """Refuse a store that gives its own ids: an MLflow server."""
    if place.is_server:
        raise UserError(
            f"The store {redact_password(place.uri)} is a server, which gives runs ids of its own. Unpack into "
            "its database: tracking.uri=postgresql://... (or sqlite:///...)"
        )


def put_files(store: Store, folder: Path, run: CarriedRun) -> None:
    """Copy the files of a run into the artifact store: `artifacts/` and `models/` of a folder of this machine."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    places = {"artifacts": f"{run.id}/artifacts", **{model.folder: model.folder for model in run.models}}
    for inside, place in places.items():
        if (folder / inside).is_dir():
            get_artifact_repository(_below(store, place), tracking_uri=store.place.uri).log_artifacts(
                str(folder / inside)
            )


def put_lines(store: Store, runs: Sequence[CarriedRun]) -> None:
    """Write the lines of some runs in one transaction: all of them are there afterwards, or none.

    MLflow's client chooses the id of a run itself, so that they are written as MLflow's own store writes them.
    """
    from mlflow.entities import LoggedModelStatus
    from mlflow.store.tracking.dbmodels.models import (
        SqlLatestMetric,
        SqlLoggedModel,
        SqlMetric,
        SqlParam,
        SqlRun,
        SqlTag,
    )

    experiment = int(store.experiment_id)
    with _database(store).ManagedSessionMaker(read_only=False) as session:
        for run in runs:
            session.add(
                SqlRun(
                    run_uuid=run.id,
                    name=run.name,
                    source_type="UNKNOWN",
                    source_name="",
                    entry_point_name="",
                    user_id=run.tags.get("mlflow.user", "unknown")[:250],
                    status=run.status,
                    start_time=run.started_ms,
                    end_time=run.ended_ms,
                    deleted_time=None,
                    source_version="",
                    lifecycle_stage="active",
                    artifact_uri=_below(store, f"{run.id}/artifacts"),
                    experiment_id=experiment,
                )
            )
            for model in run.models:
                session.add(
                    SqlLoggedModel(
                        model_id=model.id,
                        experiment_id=experiment,
                        name=model.name,
                        artifact_location=_below(store, model.folder),
                        creation_timestamp_ms=model.created_ms,
                        last_updated_timestamp_ms=model.updated_ms,
                        status=LoggedModelStatus.READY.to_int(),
                        lifecycle_stage="active",
                        model_type="",
                        source_run_id=run.id,
                        status_message=None,
                    )
                )
            session.flush()
            session.add_all(SqlParam(run_uuid=run.id, key=key, value=value) for key, value in run.params.items())
            session.add_all(SqlTag(run_uuid=run.id, key=key, value=value) for key, value in run.tags.items())
            metrics = [
                {"run_uuid": run.id, "key": key, "step": step, "timestamp": stamp, **stored_value(float(value))}
                for key, history in run.metrics.items()
                for step, stamp, value in history
            ]
            for start in range(0, len(metrics), CHUNK):
                session.bulk_insert_mappings(SqlMetric, metrics[start : start + CHUNK])
            # In MLflow's order: of the last step, of that the last moment, of that the largest value.
            newest = {each["key"]: each for each in sorted(metrics, key=_age)}
            session.bulk_insert_mappings(SqlLatestMetric, list(newest.values()))


def _age(metric: Mapping[str, Any]) -> tuple[int, int, float]:
    return metric["step"], metric["timestamp"], metric["value"]


def stored_value(value: float) -> dict[str, float | bool]:
    """A value as MLflow's tables hold it, in which no number is NaN or infinite."""
    if math.isnan(value):
        return {"value": 0.0, "is_nan": True}
    largest = 1.7976931348623157e308
    return {"value": max(-largest, min(largest, value)), "is_nan": False}


def _database(store: Store) -> "SqlAlchemyStore":
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.tracking._tracking_service.utils import _get_store

    database = _get_store(store.place.uri)
    assert isinstance(database, SqlAlchemyStore)
    return database


def _below(store: Store, path: str) -> str:
    from mlflow.utils.uri import append_to_uri_path

    return str(append_to_uri_path(store.location, path))
