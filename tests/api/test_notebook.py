"""docs/notebook.ipynb: it is what its script writes, and every cell runs in a kernel."""

import re
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
from rich.progress import BarColumn
from tests.conftest import ROOT, script_module

import deeplab
from deeplab.cli.terminal.live import live_or_plain
from deeplab.cli.terminal.notebook import NotebookBar, in_notebook
from deeplab.cli.terminal.screen import Words
from deeplab.cli.terminal.training_progress import LiveProgress, PlainProgress
from deeplab.training.history import Epoch

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
KEPT = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return script_module("notebook")


def outputs(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


def test_the_notebook_is_what_its_script_writes(script: ModuleType) -> None:
    nbformat.validate(KEPT)
    kinds = [(cell.cell_type, cell.source) for cell in KEPT.cells]
    assert kinds == [(cell.cell_type, cell.source) for cell in script.notebook().cells], "python scripts/notebook.py"


def test_the_notebook_that_is_kept_has_small_outputs_without_errors_or_places() -> None:
    assert all(cell.outputs for cell in KEPT.cells if cell.cell_type == "code")
    assert {output.output_type for output in outputs(KEPT)} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in outputs(KEPT) if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs(KEPT)) == 2
    assert NOTEBOOK.stat().st_size < 300_000
    assert not re.search(r"/(home|root|tmp|work|usr|opt|Users)/", NOTEBOOK.read_text())


def run(script: ModuleType, book: nbformat.NotebookNode, folder: Path) -> None:
    """Carry a notebook out; an error of a cell is one of the test. What it says of the processor's speed differs."""
    script.carried_out(book, folder)
    assert [output.output_type for output in outputs(book) if output.output_type == "error"] == []
    assert not [output for output in outputs(book) if output.get("name") == "stderr"]
    kept = {cell.id: cell for cell in KEPT.cells}
    for cell in book.cells:
        if cell.cell_type == "code":
            shown = [{*each.data} for each in cell.outputs if each.get("data", {}).get("text/plain")]
            assert shown == [{*each.data} for each in kept[cell.id].outputs if "data" in each]


@pytest.mark.slow
def test_every_cell_that_starts_no_processes_runs(script: ModuleType, folder: Path) -> None:
    book = script.notebook()
    book.cells = [cell for cell in book.cells if "sweep" not in cell.metadata.get("tags", ())]
    run(script, book, folder)
    assert {run.name for run in deeplab.runs()} == {"cnn-digits", "mine"}


@pytest.mark.slow
@pytest.mark.long
def test_every_cell_runs_and_a_sweep_is_what_it_left(script: ModuleType, folder: Path) -> None:
    run(script, script.notebook(), folder)
    (swept,) = deeplab.runs(kind="sweep")
    assert isinstance(swept, deeplab.Sweep)
    assert [trial.status for trial in swept.trials] == ["FINISHED"] * 4
    assert len(swept.table) == 2
    best = swept.best
    assert best is not None
    assert best.predict(np.zeros((1, 8, 8), np.uint8)).shape == (1, 10)


def test_the_bar_of_a_notebook_moves_and_goes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def display(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data)

        update = display

    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    monkeypatch.setattr("deeplab.cli.terminal.live.in_notebook", lambda: True)
    monkeypatch.setattr("deeplab.cli.terminal.notebook.EVERY", 0.0)
    columns = (Words("{task.description}"), BarColumn(), Words("{task.fields[state]}"))
    with live_or_plain(columns, PlainProgress, LiveProgress) as observer:
        assert isinstance(observer, LiveProgress)
        observer.training_began(2, 10)
        observer.step_ended(1, 5, {"loss<b>": 0.5})
        observer.epoch_ended(Epoch(1, {"train/loss": 0.5, "time/epoch_seconds": 1.0, "time/step_ms": 100.0}))
    assert "epoch 1/2 step 5/10" in shown[-2]["text/plain"]
    assert "loss&lt;b&gt; 0.500" in shown[-2]["text/html"]
    assert shown[-1] == {"text/html": "", "text/plain": ""}
    assert capsys.readouterr().out.startswith("epoch 1/2  1.0 s  100 ms/step  loss 0.5000")


def test_a_script_is_no_notebook() -> None:
    assert not in_notebook()
    assert NotebookBar().console.is_jupyter is False
