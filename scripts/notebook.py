#!/usr/bin/env python3
"""Write docs/notebook.ipynb: its cells are here, and what they print and show is what they gave when they were run.

PYTHON scripts/notebook.py
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
PATIENCE = 600  # seconds for a cell on a busy machine

# What follows a kind; `sweep` is code that starts processes, or needs what they trained.
CELLS = (
    "text",
    """
# deeplab in a notebook

Everything here is kept in a store, `mlflow.db` beside the notebook, as by the command line: either sees what the other
did. [All functions](python.md).
""",
    "code",
    """
import deeplab

run = deeplab.train("model=cnn", "dataset.image_size=8", "dataset.limit=600", epochs=5, seed=1)
run
""",
    "text",
    """
A run is a value. Its scores are numbers, its history is a DataFrame, its figures are pictures.
""",
    "code",
    """
run.figure("curves")
""",
    "code",
    """
run.history.pivot(index="epoch", columns=["data", "metric"], values="value").round(3)
""",
    "text",
    """
## Arrays of your own

They are written once into the store's folder under their hash, so that the run can be resumed, evaluated and done
again.
""",
    "code",
    """
from sklearn.datasets import load_digits

digits = load_digits()
x, y = digits.images.astype("uint8"), digits.target

mine = deeplab.train(
    "model=mlp_64_64",
    "dataset.scale=16",  # the images are of 0 to 16
    data=(x[:800], y[:800], x[800:1200], y[800:1200]),
    epochs=4,
    name="mine",
    quiet=True,
)
mine.scores
""",
    "code",
    """
mine.predict(x[1200:1210]).argmax(axis=1), y[1200:1210]
""",
    "code",
    """
mine.model().summary()
""",
    "text",
    """
## Several values, several seeds

A sweep trains in processes of its own, and goes on where it was when the cell is run again.
""",
    "sweep",
    """
swept = deeplab.sweep(
    "optimizer.learning_rate=0.001,0.01",
    "optimizer=adam",
    "model=mlp_64_64",
    "dataset.image_size=8",
    "dataset.limit=600",
    replicates=2,
    epochs=4,
)
swept
""",
    "sweep",
    """
swept.figure()
""",
    "sweep",
    """
swept.table[["optimizer.learning_rate", "n", "val/accuracy mean", "val/accuracy interval"]]
""",
    "sweep",
    """
swept.best.evaluate("noise=salt_and_pepper", "noise.level=0.1").scores
""",
    "text",
    """
## What is there

Filters are those of the command line, and so is every error: one line that says what, where and what is near.
""",
    "code",
    """
deeplab.runs("test/accuracy>0.1", trials=True, sort="test/accuracy", reverse=True)
""",
    "code",
    """
try:
    deeplab.train("model=cnn_dropuot")
except deeplab.UserError as error:
    print(error)
""",
)


def notebook() -> nbformat.NotebookNode:
    """The notebook without outputs."""
    cells = []
    for number, (kind, text) in enumerate(zip(CELLS[::2], CELLS[1::2], strict=True)):
        make = nbformat.v4.new_markdown_cell if kind == "text" else nbformat.v4.new_code_cell
        metadata = {"tags": [kind]} if kind == "sweep" else {}
        cells.append(make(text.strip(), id=f"cell-{number}", metadata=metadata))
    about = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=about)


def carried_out(book: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """The same with outputs, of a kernel that works in a folder; an error of a cell is one of this function."""
    client = NotebookClient(
        book,
        timeout=PATIENCE,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return book


def without_traces(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same without bars that have gone and metadata of the moment, printed lines in one output."""
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        kept: list[nbformat.NotebookNode] = []
        for each in cell.outputs:
            if kept and each.get("name") is not None and kept[-1].get("name") == each.name:
                kept[-1].text += each.text
            elif each.get("data", {}).get("text/plain") != "":
                kept.append(each)
        cell.outputs = kept
    book.metadata["language_info"] = {"name": "python"}
    return book


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as folder:
        text = nbformat.writes(without_traces(carried_out(notebook(), Path(folder)))) + "\n"
    for path in (folder, str(ROOT), str(Path.home()), sys.prefix):
        if re.search(rf"{re.escape(path)}\b", text):
            around = text[max(0, text.index(path) - 200) : text.index(path) + 200]
            raise SystemExit(f"An output names {path}, a path of this machine: {around}")
    NOTEBOOK.write_text(text)


if __name__ == "__main__":
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    main()
