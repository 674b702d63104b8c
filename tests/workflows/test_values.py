"""Regressions of values that a person's own data have: trained, scored, resumed and used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deeplab.config.compose import compose
from deeplab.errors import Interrupted, UserError
from deeplab.training.history import Epoch
from deeplab.workflows.evaluate import evaluate
from deeplab.workflows.resume import find_resume_point
from deeplab.workflows.train import RunObserver, RunResult, train

pytestmark = pytest.mark.slow

NETWORK = (
    "model=mlp_64_64",
    "model.task=regression",
    "model.layers=[{type: Flatten}, {type: Dense, units: 8, activation: relu}, {type: Dense, units: num_targets}]",
    *("optimizer=adam", "training.batch_size=16", "training.epochs=4", "training.checkpoint_seconds=0"),
)
STANDARDIZED = ("dataset.standardize=true", "training.standardize_targets=true")


class Stop(RunObserver):
    """Ends a training as Ctrl-C does, after two epochs."""

    def epoch_ended(self, epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt


@pytest.fixture
def points(folder: Path) -> Path:
    """Archives with one and with three values of a row, of different sizes, and one of text."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(120, 4)) * [1, 10, 100, 1] + [0, 0, 2000, 0]).astype(np.float32)
    one = x @ np.array([1, 0.3, 0.02, -2], np.float32) + 50
    three = np.stack([one, one**2, np.sin(x[:, 0])], axis=1)
    np.savez(folder / "one.npz", x_train=x, y_train=one, x_test=x[:30] + 1, y_test=one[:30])
    names = np.array(["mass", "force", "angle"])
    np.savez(folder / "three.npz", x_train=x, y_train=three, target_names=names)
    np.savez(folder / "text.npz", x_train=x, y_train=np.where(one > 90, "warm", "cold"))
    return folder


def weights(result: RunResult) -> list[np.ndarray]:
    import keras
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{result.run_id}/model"))
    network = keras.saving.load_model(folder / "data" / "model.keras")
    return [np.asarray(each) for each in network.get_weights()]


@pytest.mark.parametrize("more", [(), STANDARDIZED], ids=["plain", "standardized"])
@pytest.mark.parametrize("name", ["one", "three"])
def test_values_are_trained_resumed_to_the_bit_scored_and_evaluated(
    name: str, more: tuple[str, ...], points: Path
) -> None:
    split = () if name == "one" else ("dataset.test_fraction=0.25", "dataset.limit=80", "validation=random")
    overrides = [*NETWORK, "dataset=npz", f"dataset.path={name}.npz", *split, *more, "tracking.plots=none"]
    undisturbed = train(compose(overrides))
    with pytest.raises(Interrupted):
        train(compose(overrides), [Stop()])
    found = find_resume_point("latest", (), None)
    resumed = train(found.composed, [], found)
    assert resumed.scores == undisturbed.scores
    assert all(np.array_equal(a, b) for a, b in zip(weights(resumed), weights(undisturbed), strict=True))
    again = evaluate(resumed.run_id, [], None)
    assert again.is_own
    assert again.scores["loss"] == pytest.approx(undisturbed.scores["loss"], rel=1e-6)


def test_a_loss_that_is_reported_is_that_of_numpy(points: Path) -> None:
    import keras
    import mlflow

    overrides = [*NETWORK, "dataset=npz", "dataset.path=one.npz", *STANDARDIZED, "tracking.plots=none"]
    result = train(compose(overrides))
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{result.run_id}/model"))
    network = keras.saving.load_model(folder / "data" / "model.keras")
    with np.load("one.npz") as data:
        outputs = np.asarray(network.predict(data["x_test"], verbose=0))[:, 0]
        deviation = data["y_train"][:96].astype(np.float64).std()
        expected = np.mean(((outputs - data["y_test"]) / deviation) ** 2) / 2
    assert result.scores["loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("units", [1, 2])
def test_images_with_values_are_trained_with_every_figure(units: int, folder: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    y = np.stack([images.mean(axis=(1, 2)), images[:, 0, 0] / 2.0], axis=1)[:, :units]
    np.savez("images.npz", x_train=images, y_train=y)
    result = train(compose([*NETWORK, "dataset=npz", "dataset.path=images.npz", "dataset.test_fraction=0.2"]))
    assert result.scores["loss"] > 0


def test_a_folder_with_values_is_trained_and_evaluated(folder: Path, cli: Callable[..., Any]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    Path("pictures").mkdir()
    lines = ["file,label"]
    for number, image in enumerate(images):
        Image.fromarray(image).save(f"pictures/{number}.png")
        lines.append(f"{number}.png,{image.mean():.3f}")
    Path("pictures/labels.csv").write_text("\n".join(lines))
    data = ("dataset=image_folder", "dataset.path=pictures", "dataset.image_size=8", *STANDARDIZED)
    result = train(compose([*NETWORK, *data, "tracking.plots=none"]))
    assert evaluate(result.run_id, [], None).is_own
    status, _, err = cli("predict", result.run_id, "pictures/0.png")
    assert status == 2
    assert "is for regression and says no classes of images." in err


def test_text_labels_are_trained_and_named(points: Path) -> None:
    data = ("dataset=npz", "dataset.path=text.npz", "dataset.test_fraction=0.25")
    result = train(compose(["model=mlp_64_64", *data, "training.epochs=1", "tracking.plots=none"]))
    assert [*evaluate(result.run_id, [], None).classes] == ["cold", "warm"]


def test_values_of_other_names_or_numbers_and_classes_are_not_scored(points: Path) -> None:
    data = ("dataset=npz", "dataset.path=three.npz", "dataset.test_fraction=0.25")
    run = train(compose([*NETWORK, *data, "training.epochs=1", "tracking.plots=none"])).run_id
    for overrides, line in (
        (
            ["dataset.target_names=[a,b,c]"],
            "gives the values mass, force, angle, and the rows of npz have the values a, b, c. dataset.target_names=[.",
        ),
        (["dataset=npz", "dataset.path=one.npz"], "and the rows of npz have one value without a name."),
        (
            ["dataset=npz", "dataset.path=text.npz", "dataset.test_fraction=0.25"],
            "gives values, and the rows of npz have classes.",
        ),
    ):
        with pytest.raises(UserError) as caught:
            evaluate(run, overrides, None)
        assert line in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["model=mlp_64_64", "dataset.path=one.npz", "training.class_weights=balanced"],
            "needs classes, and the rows of npz have values: choose a regression.",
        ),
        (
            [*NETWORK, "dataset.path=one.npz", "dataset.labels=classes"],
            "y_train: row 0 holds ",
        ),
        ([*NETWORK, "dataset.path=three.npz"], "dataset.test_fraction=0.2 tests on that share of the training rows."),
    ],
)
def test_a_network_for_other_labels_is_one_line_and_no_run(
    overrides: list[str], line: str, points: Path, runs: Callable[[], list]
) -> None:
    with pytest.raises(UserError) as caught:
        train(compose(["dataset=npz", *overrides]))
    assert line in str(caught.value)
    assert runs() == []
