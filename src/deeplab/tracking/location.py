"""Where a store is, known without opening it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deeplab.errors import UserError
from deeplab.tracking.database import WAYS_ON

PORTS = {"http": 80, "https": 443}
DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


@dataclass(frozen=True)
class StoreLocation:
    """Where a store is, known without opening it."""

    uri: str  # MLflow's tracking URI, with an absolute path where it is a file
    database: Path | None  # the SQLite file, or None for a server
    work_folder: Path  # `.deeplab/` beside it (in the working directory for a server), for our own files

    @property
    def is_server(self) -> bool:
        """Whether it is an MLflow server rather than a database."""
        return urlsplit(self.uri).scheme in PORTS

    @property
    def folder(self) -> Path:
        """The folder that holds the store: what lies elsewhere is not its own."""
        return self.work_folder.parent


def locate_store(uri: str | None) -> StoreLocation:
    """Find the store: the setting, then MLFLOW_TRACKING_URI, then SQLite in the working directory."""
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    try:
        scheme = urlsplit(uri).scheme.partition("+")[0]
    except ValueError as error:
        raise UserError(f"tracking.uri: '{redact_password(uri)}' is no address ({error}). {WAYS_ON}") from error
    if scheme == "sqlite":
        path = uri.partition(":///")[2] + str(Path.cwd())
        if any(letter in path for letter in "?#%\0") or path != path.encode(errors="replace").decode():
            raise UserError(f"tracking.uri: the path of '{uri}' in {Path.cwd()} must be without ?, # and %, and UTF-8.")
        database = Path(uri.partition(":///")[2]).absolute()
        if database.is_symlink() or ".." in database.parts:
            # A store's files are beside its database, not beside a link to it.
            database = database.resolve()
        return StoreLocation(f"sqlite:///{database}", database, database.parent / ".deeplab")
    known = (*PORTS, "sqlite", *DATABASE_PORTS)
    if scheme not in known:
        raise UserError(
            f"tracking.uri: must begin with one of {', '.join(known)}, got '{redact_password(uri)}'. {WAYS_ON}"
        )
    return StoreLocation(uri, None, Path.cwd() / ".deeplab")


def redact_password(uri: str) -> str:
    """An address as it may be printed and logged: without a password."""
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", uri))
