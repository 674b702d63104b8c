"""What an evaluation under noise has counted so far, kept on disk so that it can go on."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deeplab.files import write_file


@dataclass(frozen=True)
class NoiseDraw:
    """One draw of the noise over the whole test set."""

    level: float
    seed: int
    correct: Mapping[str, tuple[int, ...]]  # rightly classified images of each class, by state of the images

    @property
    def line(self) -> str:
        """As it is kept."""
        return json.dumps({"level": self.level, "seed": self.seed, "right": self.correct}) + "\n"


class NoiseDrawFile:
    """Cells in a file, a line each; a line that was cut off is counted again."""

    def __init__(self, folder: Path) -> None:
        """Read what there is in the folder of this evaluation."""
        self._folder, self._file = folder, folder / "cells.jsonl"
        self.done: dict[tuple[float, int], NoiseDraw] = {}
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        for line in lines:
            try:
                values = json.loads(line)
            except json.JSONDecodeError:
                continue
            cell = NoiseDraw(values["level"], values["seed"], {k: tuple(v) for k, v in values["right"].items()})
            self.done[cell.level, cell.seed] = cell
        self._write_anew()

    def add(self, cell: NoiseDraw) -> None:
        """Keep a cell; it is on the disk when this returns."""
        with self._file.open("a") as file:
            file.write(cell.line)
            file.flush()
            os.fsync(file.fileno())
        self.done[cell.level, cell.seed] = cell

    def clear(self) -> None:
        """Forget them all."""
        self.done.clear()
        self._write_anew()

    def remove(self) -> None:
        """Delete the folder: the evaluation is in the store."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_anew(self) -> None:
        write_file(self._file, "".join(cell.line for cell in self.done.values()).encode())
