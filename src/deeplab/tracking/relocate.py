"""A database that was moved or copied learns where its files are; MLflow records absolute places in it.

A store is its database and the folder beside it. What is recorded in a folder that was beside the database
before is looked for beside it now. What was never beside it (an object store, a disk of its own) is left alone.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deeplab.errors import UserError
from deeplab.tracking.artifact_locations import Move, current, local_path, same_folder
from deeplab.tracking.database import ARTIFACTS
from deeplab.tracking.notice import tell
from deeplab.tracking.run import STALE_SECONDS
from deeplab.tracking.tags import BESIDE_TAG, HEARTBEAT_TAG

PATIENCE_SECONDS = 30.0  # while another process writes
# Of an experiment whose files belong beside the database, wherever that goes.
BESIDE = "beside the database"
# Where MLflow records places: table, column, which rows, and whether files that are yet to come go there.
_PLACES = (
    ("experiments", "artifact_location", "TRUE", True),
    ("workspaces", "default_artifact_root", "TRUE", True),
    ("workspaces", "trace_archival_location", "TRUE", True),
    ("runs", "artifact_uri", "TRUE", False),
    ("logged_models", "artifact_location", "TRUE", False),
    ("model_versions", "source", "TRUE", False),
    ("model_versions", "storage_location", "TRUE", False),
    ("trace_tags", "value", "key = 'mlflow.artifactLocation'", False),
)


@dataclass(frozen=True)
class Relocation:
    """What became of a store that may have been moved or copied."""

    moves: tuple[Move, ...] = ()  # that its database does not record; none where it tells the truth
    why: str = ""  # they could not be recorded, or nothing


def relocate(database: Path) -> Relocation:
    """Rewrite what a database records of places that were beside it, in one transaction, and tell it in one line.

    Args:
        database: that is there; one that cannot be read is left to whoever reads it next, who says why.
    """
    try:
        with _connection(database, "ro") as connection:
            moves = _moves(connection, database)
    except sqlite3.Error:
        return Relocation()
    if not moves:
        return Relocation()
    try:
        with _connection(database, "rw") as connection:
            connection.execute("BEGIN IMMEDIATE")
            moves = _moves(connection, database)  # another process may have been faster
            if moves and (name := _alive(connection)):
                return _unrecorded(database, moves, f"its run {name} was written less than a minute ago")
            rewritten, left = _rewrite(connection, moves)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        return _unrecorded(database, moves, str(error))
    if moves:
        stay = f"; those of {left} lie in {moves[0].recorded} alone and stay there" if left else ""
        runs = f"{rewritten} run{'' if rewritten == 1 else 's'}"
        tell(f"{_came(database, moves)}; where the files of {runs} lie was rewritten in it{stay}.")
    return Relocation()


def relocate_to_write(database: Path) -> None:
    """The same for who is going to write, or a UserError: it would go to where the store was before."""
    relocation = relocate(database)
    if relocation.moves:
        raise UserError(
            f"The store {database} was moved or copied, which cannot be recorded in it ({relocation.why}); "
            "nothing was written, because it would go to where the store was before."
        )


def _unrecorded(database: Path, moves: tuple[Move, ...], why: str) -> Relocation:
    tell(f"{_came(database, moves)}; its files are looked for there, and that is not recorded in it ({why}).")
    return Relocation(moves, why)


def _came(database: Path, moves: Sequence[Move]) -> str:
    return f"The store of {moves[0].recorded.parent} was moved or copied to {database.parent}"


@contextmanager
def _connection(database: Path, mode: str) -> Iterator[sqlite3.Connection]:
    # Transactions begin where they are said to: isolation_level is Python's own idea of where.
    address = f"{database.as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, timeout=PATIENCE_SECONDS, uri=True, isolation_level=None)) as connection:
        yield connection


def _moves(connection: sqlite3.Connection, database: Path) -> tuple[Move, ...]:
    """The folders that were beside the database and are not."""
    beside = database.parent / ARTIFACTS
    query = (
        "SELECT artifact_location, EXISTS (SELECT 1 FROM experiment_tags AS tag WHERE tag.key = ? AND "
        "tag.experiment_id = experiments.experiment_id) FROM experiments"
    )
    rows = connection.execute(query, (BESIDE_TAG,)).fetchall()
    known = {path for location, bound in rows if bound and (path := local_path(location)) is not None}
    recorded = known or _guessed({path for location, _ in rows if (path := local_path(location or "")) is not None})
    moves = [Move(path, beside) for path in sorted(recorded) if not same_folder(path.parent, database.parent)]
    return tuple(
        move for move in moves if move.recorded in known or not move.recorded.exists() or _has_files(connection, move)
    )


def _guessed(locations: set[Path]) -> set[Path]:
    """The folders that were probably beside a database whose experiments do not say so, as ours once did not.

    We put the files of an experiment right into such a folder; MLflow by itself, into one of the experiment's number
    in it, as it does for its own first experiment in every database.
    """
    first = {path.parent for path in locations if path.name == "0" and path.parent.name == ARTIFACTS}
    ours = {path for path in locations if path.name == ARTIFACTS}
    return ours & first or ours


def _has_files(connection: sqlite3.Connection, move: Move) -> bool:
    """Whether files of any run lie beside the database, as they do where the folder was copied along."""
    recorded = (local_path(location or "") for (location,) in connection.execute("SELECT artifact_uri FROM runs"))
    followed = (move.follow(path) for path in recorded if path is not None)
    return any(path.exists() for path in followed if path is not None)


def _alive(connection: sqlite3.Connection) -> str | None:
    """The name of a run that some process writes, at the places that are recorded."""
    query = (
        "SELECT name FROM runs JOIN tags USING (run_uuid) WHERE status = 'RUNNING' AND lifecycle_stage = 'active' "
        "AND key = ? AND ABS(CAST(value AS REAL) - ?) < ?"
    )
    row = connection.execute(query, (HEARTBEAT_TAG, time.time(), STALE_SECONDS)).fetchone()
    return None if row is None else str(row[0])


def _rewrite(connection: sqlite3.Connection, moves: Sequence[Move]) -> tuple[int, int]:
    """Rewrite every place; returns for how many runs, and how many runs' files lie at the recorded place alone."""
    rewritten = left = 0
    for table, column, rows, new in _PLACES:
        if column not in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
            continue  # of another version of MLflow
        recorded = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {rows} AND {column} IS NOT NULL")
        changes = []
        for row, location in recorded.fetchall():
            path = local_path(location)
            if path is None or all(move.follow(path) is None for move in moves):
                continue
            place = current(location, moves, new)
            if place != location:
                changes.append((place, row))
            elif table == "runs":
                left += 1
        connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", changes)
        rewritten += len(changes) if table == "runs" else 0
    return rewritten, left
