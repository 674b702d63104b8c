"""The file of a store in SQLite: whether it is one and can be written, and how it is made."""

import tempfile
from pathlib import Path

from deeplab.errors import UserError

ARTIFACTS = "mlruns"  # the folder beside a database in which the files of its runs lie
WAYS_ON = "Give tracking.uri=sqlite:///FOLDER/mlflow.db or the address of an MLflow server that runs."
_SQLITE = b"SQLite format 3\0"  # how every database of it begins


def check_database(database: Path) -> None:
    """Check that a database is there or can be made, and can be written."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if database.exists():
            # Appending nothing needs the rights that writing needs, and leaves a file as it is.
            database.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=database.parent).close()
    except OSError as error:
        raise UserError(f"The store {database} cannot be written ({error.strerror}). {WAYS_ON}") from error
    if database.exists():
        _head(database)


def create_database(database: Path) -> None:
    """Make the tables beside it, and move them into place once they are all there.

    It takes seconds, and MLflow refuses what a process leaves that is killed meanwhile.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    unfinished = database.with_name(f"{database.name}.new")
    for left in (unfinished, database.with_name(f"{unfinished.name}-journal")):
        left.unlink(missing_ok=True)
    made = SqlAlchemyStore(f"sqlite:///{unfinished}", (database.parent / ARTIFACTS).as_uri())
    made.engine.dispose()
    unfinished.replace(database)


def has_content(database: Path) -> bool:
    """Whether a database is there, an empty file being none yet; a UserError where it is something else."""
    return database.exists() and bool(_head(database))


def _head(database: Path) -> bytes:
    """The first bytes of a database; nothing of a file that is empty."""
    try:
        with database.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise UserError(f"The store {database} cannot be read ({error.strerror}). {WAYS_ON}") from error
    if head not in (b"", _SQLITE):
        raise UserError(f"The store {database} is no SQLite database. {WAYS_ON}")
    return head
