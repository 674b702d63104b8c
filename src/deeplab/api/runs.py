"""Several runs and sweeps, as a sequence and as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar, overload

from deeplab.api.stored import Stored
from deeplab.report.page import Cell, Code, Table, number
from deeplab.runs.summary import COLUMNS, to_dict

if TYPE_CHECKING:
    import pandas as pd


Each_co = TypeVar("Each_co", bound="Stored", covariant=True)

HEAD = ("name", "kind", "dataset", "model", "status", "epochs", "validation", "test", "id")
MOST_SHOWN = 30


class Runs(Sequence[Each_co]):
    """Runs and sweeps, in order; `table` has them as a DataFrame."""

    def __init__(self, runs: Sequence[Each_co]) -> None:
        """Take them as they are."""
        self._runs = tuple(runs)

    @overload
    def __getitem__(self, index: int) -> Each_co: ...
    @overload
    def __getitem__(self, index: slice) -> "Runs[Each_co]": ...
    def __getitem__(self, index: int | slice) -> "Each_co | Runs[Each_co]":
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each: id, name, kind, data, network, status, epochs, scores, seconds; what `deeplab runs` has."""
        import pandas as pd

        return pd.DataFrame([to_dict(run._summary) for run in self._runs], columns=list(COLUMNS))

    def __repr__(self) -> str:
        lines = [f"<Runs: {len(self)}", *(f"  {run!r}" for run in self._runs[:MOST_SHOWN])]
        return "\n".join([*lines, *(["  ..."] if len(self) > MOST_SHOWN else [])]) + ">"

    def _repr_html_(self) -> str:
        from deeplab.report.html import parts_to_html

        rows = tuple(map(_line, self._runs[:MOST_SHOWN]))
        more = f", the first {MOST_SHOWN}" if len(self) > MOST_SHOWN else ""
        shown = Table(f"Runs: {len(self):,}{more}", HEAD, rows).without_empty_columns()
        return parts_to_html((shown,), lambda _: None)


def _line(run: Stored) -> tuple[Cell, ...]:
    row = run._summary
    scores = [f"{score.metric} {number(score.value)}" if score else None for score in (row.validation, row.test)]
    what = (row.name, row.kind, row.dataset, row.model, row.status.lower(), row.epochs)
    return (*what, *scores, Code(row.id[:8]))
