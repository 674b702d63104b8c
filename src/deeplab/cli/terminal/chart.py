"""Lines drawn in letters: braille, whose eight dots a letter give four times the height and twice the width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text

# The bit of each dot of a braille letter, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800
_ROWS, _COLUMNS = 4, 2
_SCALE = 9  # letters for the numbers at the left

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line of a chart."""

    points: Sequence[Point]  # (x, y) in order of x; a y that is not finite leaves a gap
    colour: str  # a name that Rich knows
    mark: str  # a letter that stands at its last point, for terminals without colours


def chart(title: str, lines: Sequence[Line], width: int, height: int) -> Text:
    """Draw lines over one another; the last one that touches a letter gives it its colour.

    Args:
        width: letters, the scale at the left among them.
        height: rows for the lines; title and scale take three more.
    """
    points = [point for line in lines for point in line.points if math.isfinite(point[1])]
    if not points:
        return Text(f"{title}\n{'no finite value':^{width}}")
    left, right = (choose(x for x, _ in points) for choose in (min, max))
    low, high = (choose(y for _, y in points) for choose in (min, max))
    across, down = (width - _SCALE) * _COLUMNS, height * _ROWS
    dots: dict[tuple[int, int], tuple[int, str]] = {}
    marks: dict[tuple[int, int], tuple[str, str]] = {}

    def place(point: Point) -> tuple[int, int]:
        x = (point[0] - left) / (right - left) if right > left else 0.5
        y = (high - point[1]) / (high - low) if high > low else 0.5
        return round(x * (across - 1)), round(y * (down - 1))

    for line in lines:
        pieces = [place(point) if math.isfinite(point[1]) else None for point in line.points]
        for x, y in _drawn(pieces):
            key = (y // _ROWS, x // _COLUMNS)
            dots[key] = (dots.get(key, (0, ""))[0] | _DOTS[y % _ROWS][x % _COLUMNS], line.colour)
        last = next((piece for piece in reversed(pieces) if piece), None)
        if last and line.mark:
            marks[last[1] // _ROWS, last[0] // _COLUMNS] = (line.mark, line.colour)
    text = Text(f"{title}\n")
    for row in range(height):
        text.append(_label(row, height, low, high))
        for column in range(width - _SCALE):
            bits, colour = dots.get((row, column), (0, ""))
            letter, colour = marks.get((row, column), (chr(_BLANK | bits) if bits else " ", colour))
            text.append(letter, style=colour)
        text.append("\n")
    ends = f"{left:g}", f"{right:g}" if right > left else ""
    return text.append(f"{'':>{_SCALE - 1}}└{ends[0]}{ends[1]:>{width - _SCALE - len(ends[0])}}", style="dim")


def _label(row: int, height: int, low: float, high: float) -> Text:
    """Make the scale beside a row: the largest number at the top, the smallest at the bottom."""
    number = f"{high:.4g}" if row == 0 else f"{low:.4g}" if row == height - 1 and low < high else ""
    return Text(f"{number:>{_SCALE - 1}}{'┤' if number else '│'}", style="dim")


def _drawn(pieces: Sequence[tuple[int, int] | None]) -> list[tuple[int, int]]:
    """Return the dots of the straight lines from each point to the next."""
    dots = [piece for piece in pieces if piece]
    for one, other in pairwise(pieces):
        if one and other:
            across, down = other[0] - one[0], other[1] - one[1]
            steps = max(abs(across), abs(down), 1)
            dots += [
                (one[0] + round(across * step / steps), one[1] + round(down * step / steps)) for step in range(steps)
            ]
    return dots
