"""A network that the store does not take is saved where it stays."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deeplab.workflows import save_elsewhere

# Asked of a new process: which folder a trial takes, once its worker has one of its own for temporary files.
IN_A_WORKER = """
import tempfile
from deeplab.sweep.launch import worker
tempfile.tempdir = "/own"
from deeplab.workflows.save_elsewhere import TEMPORARY
print(TEMPORARY)
"""


def test_a_network_is_not_saved_in_the_folder_that_goes_with_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    system, own, full = tmp_path / "system", tmp_path / "own", tmp_path / "full"
    own.mkdir()
    full.write_text("no folder")
    monkeypatch.setattr(save_elsewhere, "TEMPORARY", system)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    saved = save_elsewhere.save_elsewhere(network, "0123456789abcdef", [full])
    assert saved == system / "deeplab-01234567.keras"
    assert keras.saving.load_model(saved).count_params() == 8


def test_a_worker_knows_the_folder_of_the_system() -> None:
    found = subprocess.run([sys.executable, "-c", IN_A_WORKER], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == tempfile.gettempdir()


def test_without_any_folder_for_temporary_files_there_is_that_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert save_elsewhere._temporary() == Path.home()
