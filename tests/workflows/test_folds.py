"""What a training with a fold learns from, is standardised by and validated on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deeplab.config.compose import compose
from deeplab.data.splits import Split
from deeplab.training.cache import TrainingCache
from deeplab.training.checkpoint import Checkpoint
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.cache_key import cache_key, shared_configuration
from deeplab.workflows.prepare import prepare


def data_sets(folder: Path) -> dict[str, list[str]]:
    draw = np.random.default_rng(0)
    points, labels = draw.normal(3, 2, (60, 2)).astype(np.float32), np.arange(60) % 2
    np.savez(folder / "own.npz", x_train=points[:40], y_train=labels[:40], x_test=points[40:], y_test=labels[40:])
    for number in range(24):
        place = folder / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (5, 5), dtype=np.uint8)).save(place / f"{number}.png")
    lines = [f"{draw.normal():.3f},{'' if row % 7 == 0 else row},g{row % 11},{'ab'[row % 2]}" for row in range(88)]
    (folder / "table.csv").write_text("\n".join(["height,number,group,kind", *lines]))
    return {
        "digits": ["dataset=digits", "dataset.limit=90"],
        "npz": ["dataset=npz", f"dataset.path={folder}/own.npz", "dataset.standardize=true"],
        "image_folder": ["dataset=image_folder", f"dataset.path={folder}/photos", "dataset.image_size=4"],
        "csv": [
            *("dataset=csv", f"dataset.path={folder}/table.csv", "dataset.target=kind", "dataset.group=group"),
            "dataset.missing=impute",
        ],
    }


@pytest.mark.parametrize("kind", ["digits", "npz", "image_folder", "csv"])
def test_no_row_of_a_fold_is_learned_from_nor_says_how_inputs_are_standardised(kind: str, tmp_path: Path) -> None:
    def prepared(*overrides: str) -> TrainingSetup:
        given = [*data_sets(tmp_path)[kind], "model=mlp_64_64", "training.batch_size=8", "validation=kfold"]
        given += ["validation.folds=3"]
        return prepare(compose([*given, *overrides]).config, tmp_path)

    seen: list[int] = []
    counts: list[np.ndarray] = []
    for fold in (1, 2, 3):
        setup = prepared(f"validation.fold={fold}")
        everything, held_out = setup.splits.train.rows, setup.validation
        assert held_out is not None
        assert not set(setup.train.rows) & set(held_out.rows)
        assert set(setup.train.rows) | set(held_out.rows) == set(everything)
        if setup.train.x is setup.splits.test.x:
            assert not set(everything) & set(setup.splits.test.rows)
        if setup.splits.groups is not None:
            groups = setup.splits.groups
            assert not set(groups[setup.train.rows]) & set(groups[held_out.rows])
        seen += held_out.rows.tolist()
        counts.append(np.bincount(held_out.labels, minlength=setup.splits.info.num_classes))
        learned = setup.train.x[setup.train.rows]
        if kind == "npz":
            assert setup.splits.info.inputs is not None
            np.testing.assert_allclose(setup.splits.info.inputs.mean, learned.mean(axis=0, dtype=np.float64))
        if kind == "csv":
            assert setup.splits.table is not None
            number = next(column for column in setup.splits.table.columns if column.name == "number")
            assert number.fill == pytest.approx(np.nanmedian(learned[:, 1]))
            assert held_out.fill is not None
            assert setup.train.fill is not None
            assert held_out.fill.tolist() == setup.train.fill.tolist()
        # Of another point, under other words, it is the same rows.
        other = prepared(f"validation.fold={fold}", "l2=0.1", "optimizer=adam")
        assert other.train.rows.tobytes() == setup.train.rows.tobytes()
    assert sorted(seen) == sorted(everything)
    if kind != "csv":  # whose groups are held out whole
        assert (np.max(counts, axis=0) - np.min(counts, axis=0) <= 1).all()


def change(kind: str, folder: Path, held_out: Split) -> int:
    """Write other examples over those that are held out; how many that were."""
    if kind == "npz":
        with np.load(folder / "own.npz") as arrays:
            kept = dict(arrays)
        kept["x_train"][held_out.rows] *= -1
        np.savez(folder / "own.npz", **kept)
        return len(held_out)
    examples = {held_out.x[row].tobytes() for row in held_out.rows}
    paths = [path for path in folder.rglob("*.png") if np.asarray(Image.open(path)).tobytes() in examples]
    for path in paths:
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    return len(paths)


@pytest.mark.parametrize("kind", ["npz", "image_folder"])
@pytest.mark.parametrize("engine", ["keras", pytest.param("compiled", marks=[pytest.mark.slow, pytest.mark.long])])
def test_no_weight_depends_on_the_examples_that_are_held_out(kind: str, engine: str, tmp_path: Path) -> None:
    """Two folds are trained by one worker; what the second held out is changed, and it is trained again."""
    from deeplab.training.fit import fit

    given = [*data_sets(tmp_path)[kind], "model=mlp_64_64", "training.batch_size=8", f"training.engine={engine}"]
    given += ["dataset.image_size=5"] if kind == "image_folder" else []

    def trained(fold: int, cache: TrainingCache, work: str) -> tuple[TrainingSetup, Checkpoint]:
        composed = compose([*given, "validation=kfold", "validation.folds=3", f"validation.fold={fold}"])
        setup = prepare(composed.config, tmp_path / work, cache=cache)
        setup = replace(setup, cache_key=cache_key(composed.values, setup))
        return setup, fit(setup, composed.config.training, composed.config.seed, cache=cache)

    worker = TrainingCache()
    setup, before = [trained(fold, worker, "first") for fold in (1, 2)][-1]
    assert setup.validation is not None
    assert change(kind, tmp_path, setup.validation) == len(setup.validation)
    _, after = trained(2, TrainingCache(), "second")
    assert [each.tobytes() for each in after.weights] == [each.tobytes() for each in before.weights]
    losses = [each.history.epochs[-1].metrics for each in (before, after)]
    assert losses[0]["train/loss"] == losses[1]["train/loss"]
    assert losses[0]["val/loss"] != losses[1]["val/loss"]


def test_trainings_with_other_folds_share_no_compiled_rows() -> None:
    def shared(*overrides: str) -> str:
        return shared_configuration(compose(["validation=kfold", "validation.fold=1", *overrides]).values)

    assert shared() != shared("seed=1")
    assert shared() != shared("validation.fold=2")
    assert shared("l2=0.2") == shared("l2=0.1")
