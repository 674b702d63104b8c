"""`results.csv` of a study: a line for each finished run, committed with the study, so that it grows over days."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

from filelock import FileLock

from deeplab.errors import UserError
from deeplab.files import table, write_file

FILE = "results.csv"


@dataclass(frozen=True, order=True)
class ResultKey:
    """Which of a study's runs is meant."""

    entry: str
    point: str  # of a sweep, as in `l2=0.001`; empty otherwise
    replicate: int  # from 0
    configuration: str  # hash of all in its configuration that can change the result


@dataclass(frozen=True)
class Result(ResultKey):
    """A finished run of a study."""

    run: str  # its id in the store it was made in
    finished: str  # date, as in 2026-11-21
    data: str  # the beginning of the data set's SHA-256
    device: str
    commit: str  # of the working directory, empty where there is none; with a + where the tree had changes
    versions: str
    seconds: float  # that its training took
    scores: Mapping[str, float]

    @property
    def key(self) -> ResultKey:
        """Which run it is."""
        return ResultKey(self.entry, self.point, self.replicate, self.configuration)


_COLUMNS = tuple(field.name for field in fields(Result))


class Results:
    """The lines of a study's `results.csv`."""

    def __init__(self, folder: Path) -> None:
        """Read them."""
        self._path = folder / FILE
        self.rows: list[Result] = []
        self.read()

    def read(self) -> None:
        """Read them again, as another process may carry out other entries; a UserError where the file is not ours."""
        self.rows = []
        if not self._path.exists():
            return
        try:
            rows = list(csv.DictReader(io.StringIO(self._path.read_text(encoding="utf-8"))))
            self.rows = [_read(row) for row in rows]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise UserError(f"{self._path} cannot be read ({error}). It is written by deeplab study.") from error

    def add(self, result: Result) -> None:
        """Add a line to what the file has by now; it replaces one of the same configuration."""
        with self._lock():
            self.read()
            self.rows = [*(row for row in self.rows if row.key != result.key), result]
            rows = sorted(self.rows, key=attrgetter("key"))
            write_file(self._path, table(_COLUMNS, map(_written, rows)).encode())

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold a lock while a row is added, so that no process writes over what another has just written."""
        folder = self._path.parent / ".deeplab"  # a name that .gitignore has already
        try:
            folder.mkdir(exist_ok=True)
            with FileLock(folder / "results.lock"):
                yield
        except OSError as error:
            raise UserError(f"{folder} cannot be written: {error.strerror}.") from error

    def find(self, key: ResultKey) -> Result | None:
        """Find the row of a run, if it is finished."""
        return next((row for row in self.rows if row.key == key), None)


def _written(row: Result) -> Sequence[str]:
    scores = " ".join(f"{name}={value!r}" for name, value in sorted(row.scores.items()))
    values = (getattr(row, column) for column in _COLUMNS[:-2])
    return [*map(str, values), f"{row.seconds:.2f}", scores]


def _read(row: Mapping[str, str]) -> Result:
    pairs = [pair.rpartition("=") for pair in row["scores"].split()]
    scores = {name: float(value) for name, _, value in pairs}
    texts = {column: row[column] for column in _COLUMNS if column not in ("replicate", "seconds", "scores")}
    return Result(replicate=int(row["replicate"]), seconds=float(row["seconds"]), scores=scores, **texts)
