#!/usr/bin/env python3
"""Draw docs/architecture.svg: the layers of the import contract, and beside them the way of one training.

PYTHON scripts/architecture_diagram.py
"""

import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, LEFT, RIGHT, ROW, TOP = 980, 40, 600, 44, 84
INK, GREY, BLUE, PALE = "#1f2933", "#66727f", "#2a6f97", "#e8f1f7"
# From what a person says to what is kept, with the file that does it.
STEPS = (
    ("words of a command, YAML files", "cli/commands/train.py"),
    ("one frozen configuration", "config/compose.py"),
    ("data, network, optimiser: ready", "workflows/prepare.py"),
    ("a run in the store, RUNNING", "tracking/run_log.py"),
    ("epochs, checkpoints", "training/fit.py"),
    ("scores on the test set, once", "evaluation/scores.py"),
    ("history, figures, model: FINISHED", "workflows/artifacts.py"),
)


def layers() -> list[list[str]]:
    """The contract: each layer a list of its parts, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["type"] == "layers")
    return [[part.strip().removeprefix("deeplab.") for part in line.split("|")] for line in contract["layers"]]


def picture() -> str:
    """The whole picture."""
    rows = layers()
    height = TOP + ROW * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        "<title>The layers of deeplab, and the way of one training through them</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 10 5 0 10z" fill="{GREY}"/></marker>',
        _text(LEFT, 32, "Layers", size=19),
        _text(LEFT, 56, "each imports from those below it, never beside or above", colour=GREY),
        _text(RIGHT, 32, "deeplab train", size=19),
        _text(RIGHT, 56, "what comes of what, and the file that does it", colour=GREY),
    ]
    for number, row in enumerate(rows):
        parts += _row(TOP + number * ROW, row)
    gap = ROW * len(rows) / len(STEPS)
    for number, (what, file) in enumerate(STEPS):
        y = TOP + number * gap
        parts += [_text(RIGHT + 20, y + 18, what), _text(RIGHT + 20, y + 37, file, colour=GREY, size=13)]
        parts.append(f'<circle cx="{RIGHT + 4}" cy="{y + 13:g}" r="5" fill="{BLUE}"/>')
        if number + 1 < len(STEPS):
            parts.append(_arrow(RIGHT + 4, y + 22, y + gap + 4))
    parts.append(_arrow(LEFT - 18, TOP, TOP + ROW * len(rows) - 10))
    return "\n".join([*parts, "</svg>", ""])


def _row(y: float, names: list[str]) -> list[str]:
    gap, whole = 8, RIGHT - LEFT - 60
    letters = sum(len(name) + 3 for name in names)
    x, parts = float(LEFT), []
    for name in names:
        width = (whole - gap * (len(names) - 1)) * (len(name) + 3) / letters
        box = f'x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{ROW - 10}" rx="5"'
        parts.append(f'<rect {box} fill="{PALE}" stroke="{BLUE}"/>')
        parts.append(_text(x + width / 2, y + 22, name, anchor="middle"))
        x += width + gap
    return parts


def _text(x: float, y: float, text: str, colour: str = INK, size: int = 15, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(text)}</text>"


def _arrow(x: float, start: float, end: float) -> str:
    return f'<path d="M{x:g} {start:.1f}V{end:.1f}" stroke="{GREY}" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture())
