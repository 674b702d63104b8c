"""Addresses inside a database: MLflow keeps where the files of each run are, and would follow them with the token."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from deeplab.config.trust import trusts_files
from deeplab.errors import UserError

_COLUMNS = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location"))
# On this machine, or with a provider that is sent signatures and no secret.
_HARMLESS = ("", "file", "s3", "gs", "wasbs", "abfss")


def check_locations(database: Path) -> None:
    """Refuse a database that sends whoever reads it elsewhere, unless files are trusted."""
    if trusts_files() or not database.exists():
        return
    for table, column in _COLUMNS:
        # What is no database, or has other tables, is told by who reads it.
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            for (location,) in connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE '%:%'"):
                _check(database, str(location))


def _check(database: Path, location: str) -> None:
    try:
        parts = urlsplit(location)
        harmless = parts.scheme in _HARMLESS or (parts.scheme == "mlflow-artifacts" and not parts.netloc)
    except ValueError:
        harmless = False
    if not harmless:
        raise UserError(
            f"The store {database} has files of its runs at {location}, and an address is not taken from a file, since "
            "what is sent there may be secret. --trust-config if you know the store."
        )
