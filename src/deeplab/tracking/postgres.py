"""A store in PostgreSQL, read without MLflow, which makes objects of every line of it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deeplab.errors import UserError
from deeplab.tracking.location import redact_password
from deeplab.tracking.sqlite import Connection, TableReader

if TYPE_CHECKING:
    import sqlalchemy


class PostgresReader(TableReader):
    """Reads a database of a server, by one connection."""

    def __init__(self, uri: str) -> None:
        """Take an address; `can_read` says whether its tables are known."""
        self._uri = uri
        self._open: sqlalchemy.Connection | None = None

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        import sqlalchemy

        try:
            if self._open is None:
                engine = sqlalchemy.create_engine(self._uri, poolclass=sqlalchemy.NullPool)
                self._open = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            yield _Named(self._open)
        except ImportError as error:
            raise UserError(
                f"The store {redact_password(self._uri)} needs the package {error.name}: pip install it."
            ) from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            what = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise UserError(f"The store {redact_password(self._uri)} cannot be read ({what}).") from error


class _Named:
    """Takes questions as SQLite does, and gives rows as the driver has them."""

    def __init__(self, connection: "sqlalchemy.Connection") -> None:
        self._connection = connection

    def execute(self, query: str, asked: Mapping[str, Any] = MappingProxyType({}), /) -> Iterable[Any]:
        import sqlalchemy

        cursor = self._connection.execute(sqlalchemy.text(query), dict(asked)).cursor
        return [] if cursor is None else cursor.fetchall()
