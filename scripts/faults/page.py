"""The page docs/rough-machines.md, of which each script writes a table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "rough-machines.md"
HEAD = "| what happened | what was said | left behind | after that |\n|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """A fault, the exit status and last words, the statuses of runs, and what the command again came to."""

    fault: str
    said: str
    left: str
    after: str
    is_good: bool

    def __str__(self) -> str:
        cells = (self.fault, self.said, self.left, self.after)
        return (
            "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
        )


class Skipped(Exception):
    """A fault that cannot be had on this machine."""


class Tries:
    """Carries faults out one after the other, and tells of each as soon as it is over."""

    def __init__(self, mark: str, scratch: str, is_written: bool) -> None:
        """Try nothing yet.

        Args:
            mark: of the table in the page.
            scratch: the temporary folder, which a row does not name.
            is_written: whether rows go into the page, too.
        """
        self._mark, self._scratch, self._is_written = mark, scratch, is_written
        self._rows: list[Row] = []
        print(HEAD, end="", flush=True)

    @property
    def are_good(self) -> bool:
        """Whether each came to what it should."""
        return all(row.is_good for row in self._rows)

    def add(self, name: str, attempt: Callable[[], Row]) -> None:
        """Carry one out; what goes wrong is told in its row."""
        try:
            row = attempt()
        except Skipped as why:
            row = Row(name, f"not tried: {why}", "", "", True)
        except Exception as error:
            row = Row(name, f"{type(error).__name__}: {error}"[:2000], "", "", False)
        said, after = (text.replace(self._scratch, "…") for text in (row.said, row.after))
        self._rows.append(replace(row, said=said, after=after))
        print(self._rows[-1], "" if row.is_good else "WRONG", flush=True)
        if self._is_written:
            write(self._mark, self._rows)


def write(mark: str, rows: list[Row]) -> None:
    """Put rows into the table between two marks, in the place of those about the same faults."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, _, rest = PAGE.read_text().partition(begin)
    table, _, after = rest.partition(end)
    lines = {line.split(" | ")[0]: line for line in table.splitlines()[2:]}
    lines.update({str(row).split(" | ", maxsplit=1)[0]: str(row) for row in rows})
    PAGE.write_text(before + begin + HEAD + "".join(f"{line}\n" for line in lines.values()) + end + after)
