"""A store's tables, read without MLflow, whose import takes longer than most of what is looked up.

Only tables of a revision that is known are read so; of any other MLflow itself is asked. `postgres.py` asks the same of
PostgreSQL.
"""

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from deeplab.errors import UserError
from deeplab.tracking.run import Run

# Of MLflow's tables, as Alembic numbers them: MLflow 3.17.
REVISIONS = ("dc11669786a5",)
PATIENCE_SECONDS = 30.0  # while another process writes


@dataclass(frozen=True)
class StoredExperiment:
    """What is used of MLflow's `Experiment`, with its names."""

    experiment_id: str
    lifecycle_stage: str
    artifact_location: str


class Connection(Protocol):
    """Takes questions with names for their values, as in `:key`."""

    def execute(self, query: str, asked: Mapping[str, Any] = MappingProxyType({}), /) -> Iterable[Any]:
        """The rows of the answer."""


class TableReader:
    """Reads a database and changes nothing."""

    def can_read(self) -> bool:
        """Whether the tables are of a revision that is known."""
        try:
            with self._connection() as connection:
                revisions = [revision for (revision,) in connection.execute("SELECT version_num FROM alembic_version")]
        except UserError:  # what is wrong, MLflow says better
            return False
        return revisions in [[known] for known in REVISIONS]

    def experiment(self, name: str) -> StoredExperiment | None:
        """An experiment, or None where there is none of that name."""
        query = "SELECT experiment_id, lifecycle_stage, artifact_location FROM experiments WHERE name = :name"
        with self._connection() as connection:
            rows = list(connection.execute(query, {"name": name}))
        return StoredExperiment(str(rows[0][0]), *rows[0][1:]) if rows else None

    def runs(
        self,
        experiment_id: str,
        most: int | None = None,
        run_id: str | None = None,
        tag: tuple[str, str] | None = None,
        only: Sequence[str] = (),
    ) -> list[Run]:
        """The runs of an experiment that are not deleted, the newest first: all, `most`, or those of an id or a tag.

        Args:
            only: names of tags; leave out all others, params and metrics, which are most of what there is.
        """
        key, value = tag or (None, None)
        asked = {"at": int(experiment_id), "run_id": run_id, "key": key, "value": value, "most": most}
        tagged = "SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND tags.key = :key AND tags.value = :value"
        conditions = [
            *(["AND run_uuid = :run_id"] if run_id is not None else []),
            *([f"AND EXISTS ({tagged})"] if tag is not None else []),
        ]
        chosen = (
            f"FROM runs WHERE experiment_id = :at AND lifecycle_stage = 'active' {' '.join(conditions)} "
            f"ORDER BY start_time DESC, run_uuid {'LIMIT :most' if most is not None else ''}"
        )
        asked = {name: each for name, each in asked.items() if each is not None}
        with self._connection() as connection:
            columns = "run_uuid, name, status, start_time, end_time, artifact_uri"
            rows = list(connection.execute(f"SELECT {columns} {chosen}", asked))
            tags: dict[str, dict[str, str]] = {row[0]: {} for row in rows}
            params: dict[str, dict[str, str]] = {row[0]: {} for row in rows}
            metrics: dict[str, dict[str, float]] = {row[0]: {} for row in rows}
            steps: dict[str, dict[str, int]] = {row[0]: {} for row in rows}

            def values(columns: str, table: str, more: str = "") -> Iterable[Any]:
                """Rows of these runs: id, key and columns; a run that has begun since is none of them."""
                query = (
                    f"SELECT run_uuid, key, {columns} FROM {table} WHERE run_uuid IN (SELECT run_uuid {chosen}) {more}"
                )
                return (row for row in connection.execute(query, asked) if row[0] in tags)

            wanted = {f"tag{number}": name for number, name in enumerate(only)}
            asked |= wanted
            named = f"AND tags.key IN ({', '.join(f':{name}' for name in wanted)})" if only else ""
            for of, key, value in values("value", "tags", named):
                tags[of][key] = value
            if not only:
                for of, key, value in values("value", "params"):
                    params[of][key] = value
                number = "CASE WHEN is_nan THEN NULL ELSE value END"
                for of, key, value, step in values(f"{number}, step", "latest_metrics"):
                    metrics[of][key] = _number(value)
                    steps[of][key] = step
        return [
            Run(
                id=run_id,
                name=name or "",
                status=status,
                started_ms=start,
                ended_ms=end,
                artifact_uri=location,
                metrics=metrics[run_id],
                steps=steps[run_id],
                params=params[run_id],
                tags=tags[run_id],
            )
            for run_id, name, status, start, end, location in rows
        ]

    def history(self, run_id: str, key: str) -> list[tuple[int, float]]:
        """Every logged step and value of a metric, by step."""
        query = (
            "SELECT step, CASE WHEN is_nan THEN NULL ELSE value END FROM metrics "
            "WHERE run_uuid = :run_id AND key = :key ORDER BY step, timestamp"
        )
        with self._connection() as connection:
            rows = connection.execute(query, {"run_id": run_id, "key": key})
            return [(step, _number(value)) for step, value in rows]

    def model_locations(self, run_id: str) -> list[str]:
        """The folders of the artifact store that hold the models of a run, as recorded, the newest first."""
        query = (
            "SELECT artifact_location FROM logged_models WHERE source_run_id = :run_id AND lifecycle_stage = 'active' "
            "ORDER BY creation_timestamp_ms DESC"
        )
        with self._connection() as connection:
            return [location for (location,) in connection.execute(query, {"run_id": run_id})]

    def _connection(self) -> AbstractContextManager[Connection]:
        """A connection; a UserError where the database cannot be read."""
        raise NotImplementedError


class SqliteReader(TableReader):
    """Reads a file of SQLite."""

    def __init__(self, database: Path) -> None:
        """Take a database; `can_read` says whether its tables are known."""
        self._database = database

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            address = f"{self._database.as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, timeout=PATIENCE_SECONDS, uri=True)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise UserError(f"The store {self._database} cannot be read ({error}).") from error


def _number(value: float | None) -> float:
    """NaN is kept as a mark beside the value."""
    return math.nan if value is None else value
