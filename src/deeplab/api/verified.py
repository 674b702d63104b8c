"""What `deeplab.verify` found, as a notebook has it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deeplab.report.page import Cell, Code, Table, Text
from deeplab.visible import visible_line

if TYPE_CHECKING:
    import pandas as pd

    from deeplab.workflows.verify.verify import Verification

HEAD = ("run", "id", "what", "outcome", "detail")


@dataclass(frozen=True, repr=False)
class Verified:
    """Whether runs are what their configurations give."""

    name: str  # of what was verified
    _done: "Verification" = field(compare=False)

    @property
    def outcome(self) -> str:
        """The worst of all: identical (to the bit), within (rounding), different, unchecked (something was not)."""
        return self._done.outcome

    @property
    def seed(self) -> int:
        """That the stretches were drawn from which were trained again: `seed=` of the same draw."""
        return self._done.seed

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each thing that was checked: run, id, what, outcome, detail."""
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=list(HEAD))

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        rows = [
            (verdict.run.name, verdict.run.id, finding)
            for verdict in self._done.verdicts
            for finding in verdict.findings
        ]
        rows += [("", "", finding) for finding in self._done.study]
        return [(name, run, each.what, each.outcome, each.detail) for name, run, each in rows]

    def __repr__(self) -> str:
        again = f"{self._done.trained:,} of {self._done.epochs:,} epochs trained again"
        return visible_line(f"<Verified {self.name}: {self.outcome}, {again}>")

    def _repr_html_(self) -> str:
        from deeplab.report.html import parts_to_html

        rows: tuple[tuple[Cell, ...], ...] = tuple((row[0], Code(row[1][:8]), *row[2:]) for row in self._rows())
        parts = (Text(repr(self)[1:-1]), Table("What was checked", HEAD, rows).without_empty_columns())
        return parts_to_html(parts, lambda _: None)
