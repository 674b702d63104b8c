"""What is found out about the data before a training begins."""

from pathlib import Path

import numpy as np
import pytest

from deeplab.cli.terminal.training_progress import run_lines
from deeplab.config.compose import compose
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.prepare import prepare


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, np.ndarray]:
    """Sixty images of three classes to train on, thirty others to test on."""
    x = np.random.default_rng(0).integers(0, 256, (90, 4, 4), dtype=np.uint8)
    return {"x_train": x[:60], "y_train": np.arange(60) % 3, "x_test": x[60:], "y_test": np.arange(30) % 3}


def prepared(folder: Path, rows: dict[str, np.ndarray], *overrides: str) -> TrainingSetup:
    np.savez(folder / "own.npz", **rows)
    given = ("dataset=npz", f"dataset.path={folder}/own.npz", "model=dense_linear", "training.batch_size=8")
    return prepare(compose([*given, *overrides]).config, folder)


def test_test_rows_among_the_training_rows_are_told_in_one_line(tmp_path: Path, rows: dict[str, np.ndarray]) -> None:
    rows["x_test"][:4] = rows["x_train"][[0, 0, 30, 59]]  # the last one is held out
    found = prepared(tmp_path, rows)
    line = "4 of 30 test rows are also training rows: their score says too much of new rows"
    assert (found.overlap, found.notes) == ({"test": 4, "validation": 0}, (line,))
    assert run_lines("0123456789", "mine", found)[1] == line
    assert prepared(tmp_path, rows, "validation=test").overlap == {"test": 4}


def test_validation_rows_among_those_to_learn_from_are_told_too(tmp_path: Path, rows: dict[str, np.ndarray]) -> None:
    rows["x_train"][50:] = rows["x_train"][:10]
    found = prepared(tmp_path, rows)
    assert found.overlap == {"test": 0, "validation": 10}
    assert found.notes == ("10 of 12 validation rows are also training rows: their score says too much of new rows",)


def test_given_rows_validate_or_are_said_to_be_left_aside(tmp_path: Path, rows: dict[str, np.ndarray]) -> None:
    rows |= {"x_val": rows["x_train"][:5] + np.uint8(1), "y_val": rows["y_train"][:5]}
    found = prepared(tmp_path, rows, "validation=given")
    assert (len(found.train), len(found.validation or ()), found.notes) == (60, 5, ())
    assert set(found.fingerprints) == {"deeplab.dataset_sha256", "deeplab.validation_sha256"}
    tail = prepared(tmp_path, rows)
    assert tail.notes == (
        "npz brings 5 validation rows along, which validation=tail leaves aside; validation=given takes them",
    )
    assert tail.fingerprints == {"deeplab.dataset_sha256": found.fingerprints["deeplab.dataset_sha256"]}
    rows["x_val"][0] = rows["x_train"][3]
    changed = prepared(tmp_path, rows, "validation=given")
    assert changed.overlap == {"test": 0, "validation": 1}
    assert changed.fingerprints != found.fingerprints
    noisy = prepared(tmp_path, rows, "validation=given", "noise=masking").validation
    assert noisy is not None
    assert noisy.noise is not None
    assert noisy.noise.split == "validation"


def test_data_without_such_rows_say_nothing(tmp_path: Path, rows: dict[str, np.ndarray]) -> None:
    found = prepared(tmp_path, rows, "validation=none")
    assert (found.overlap, found.notes) == ({"test": 0}, ())


def test_a_class_that_nothing_is_learned_of_is_told(tmp_path: Path, rows: dict[str, np.ndarray]) -> None:
    rows["y_train"] = np.sort(rows["y_train"])
    of_each = prepared(tmp_path, rows, "dataset.limit=30", "validation=random")
    assert np.bincount(of_each.train.labels).tolist() == [8, 8, 8]
    assert of_each.notes == ()
    first = prepared(tmp_path, rows, "dataset.limit=30", "dataset.stratify=false", "validation=random")
    assert first.notes == ("no row to train on is of class 2, of which the network learns nothing",)


def test_a_table_is_filled_in_and_standardised_by_the_rows_to_learn_from(tmp_path: Path) -> None:
    masses = ["" if row % 9 == 0 else str(row % 13) for row in range(90)]
    lines = [f"{mass},{row // 2},{'AB'[row % 2]}" for row, mass in enumerate(masses)]
    (tmp_path / "own.csv").write_text("\n".join(["mass,day,species", *lines]) + "\n")
    given = ("dataset=csv", f"dataset.path={tmp_path}/own.csv", "dataset.target=species", "dataset.time=day")
    own = ("model=mlp_64_64", "training.batch_size=8", "validation=random", "dataset.missing=impute")
    found = prepare(compose([*given, *own]).config, tmp_path)
    assert "validation=random holds the latest rows out, since these are divided by time" in found.notes
    learned = [float(mass) for mass in (masses[row] for row in found.train.rows) if mass]
    kept = found.input_spec().table
    assert kept is not None
    assert kept.columns[0].fill == np.median(learned)
    x = found.train.inputs(slice(None))
    assert (x[:, 0][x[:, 1] == 1] == np.median(learned)).all()
    assert found.splits.info.inputs is not None
    assert found.splits.info.inputs.mean == (pytest.approx(x[:, 0].mean()), 0.0)
    outputs = found.network.predict(found.splits.test.inputs(slice(None)), verbose=0)
    assert np.isfinite(outputs).all()
    assert outputs.shape == (len(found.splits.test), 2)
