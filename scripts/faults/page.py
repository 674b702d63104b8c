"""The page docs/rough-machines.md, of which each script writes a table."""

from dataclasses import dataclass
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


def write(mark: str, rows: list[Row]) -> None:
    """Put rows into the table between two marks, in the place of those about the same faults."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, _, rest = PAGE.read_text().partition(begin)
    table, _, after = rest.partition(end)
    lines = {line.split(" | ")[0]: line for line in table.splitlines()[2:]}
    lines.update({str(row).split(" | ", maxsplit=1)[0]: str(row) for row in rows})
    PAGE.write_text(before + begin + HEAD + "".join(f"{line}\n" for line in lines.values()) + end + after)
