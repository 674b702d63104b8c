"""Runs on points of the plane: their figures, and what those are drawn from."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pytest
from PIL import Image

from deeplab.config.compose import compose
from deeplab.config.schema import PlaneConfig
from deeplab.data.plane.inputs import INPUTS, to_inputs
from deeplab.dataset_info import DatasetInfo
from deeplab.plots.plane import boundary, units
from deeplab.plots.plane import film as moving
from deeplab.training.history import Epoch
from deeplab.workflows.plane_figures import (
    BoundaryRecorder,
    Grid,
    boundary_recorder,
    chosen_epochs,
    outputs,
    plane_figures,
)
from deeplab.workflows.prepare import prepare
from deeplab.workflows.train import train
from deeplab.workflows.trained_run import other_data

pytestmark = pytest.mark.slow

SMALL = (
    "model=playground",
    "training.epochs=3",
    "tracking.save_model=none",
    "dataset.points=60",
    "training.batch_size=10",
)
DRAWN = {"boundary.png", "boundary.gif", "units.png", "curves.png", "diagram.png"}


def plots(run: Any) -> dict[str, Path]:
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/plots"))
    return {path.name: path for path in folder.iterdir()}


def test_a_run_with_classes_has_every_figure_of_the_plane(folder: Path, runs: Callable[[], list]) -> None:
    result = train(compose([*SMALL, "dataset=spiral", "dataset.inputs=[x1,x2,sin_x1]"]))
    assert set(result.scores) == {"loss", "accuracy"}
    found = plots(runs()[0])
    assert set(found) == DRAWN | {"confusion.png"}
    with Image.open(found["boundary.gif"]) as film:
        assert film.n_frames == 4  # before the first epoch, and after each
    assert found["boundary.gif"].stat().st_size < 1_000_000


def test_a_run_with_values_has_no_accuracy_and_no_confusion(folder: Path, runs: Callable[[], list]) -> None:
    result = train(compose([*SMALL, "dataset=bumps", "model.output=linear", "model.units=[4,2]"]))
    assert set(result.scores) == {"loss"}
    assert set(plots(runs()[0])) == DRAWN | {"predicted.png", "residuals.png"}


def test_a_classifier_of_two_classes_is_drawn_as_well(folder: Path, runs: Callable[[], list]) -> None:
    train(compose(["dataset=circle", *SMALL[1:], "model=mlp_64_64"]))
    assert set(plots(runs()[0])) == DRAWN | {"confusion.png"}


def test_no_picture_is_taken_where_none_is_wanted(folder: Path, runs: Callable[[], list]) -> None:
    import mlflow

    composed = compose([*SMALL, "dataset=xor", "tracking.plots=none"])
    assert boundary_recorder(composed.config, 0) is None
    train(composed)
    names = {item.path for item in mlflow.MlflowClient().list_artifacts(runs()[0].info.run_id)}
    assert "plots" not in names
    assert boundary_recorder(compose(["dataset=digits"]).config, 0) is None


def plane(**changes: Any) -> PlaneConfig:
    values = {
        "train_share": 0.5,
        "inputs": ("x2", "x1_x2"),
        "seed": 0,
        "limit": None,
        "stratify": False,
        "noise": 0.0,
        **changes,
    }
    return PlaneConfig("gaussians", 100, **values)


def test_cells_are_told_of_by_the_inputs_of_their_centres_from_the_lowest_row_up() -> None:
    grid = Grid.over(plane(), 4)
    assert grid.reach == 6
    centres = [-4.5, -1.5, 1.5, 4.5]
    points = np.array([[x1, x2] for x2 in centres for x1 in centres])
    assert np.array_equal(grid.rows, to_inputs(points, ("x2", "x1_x2")))
    x2_map, product_map = grid.maps(grid.rows)
    assert np.array_equal(x2_map[:, 0], centres)
    assert product_map[0].tolist() == [-4.5 * x1 for x1 in centres]


def test_the_grid_reaches_as_far_as_the_points() -> None:
    noisy = Grid.over(plane(noise=0.5), 4)
    assert 6 < noisy.reach < 10


@pytest.mark.parametrize("epochs", [1, 2, 7, 50, 2000, 10**6])
def test_pictures_are_few_early_ones_above_all_and_the_last_is_there(epochs: int) -> None:
    chosen = chosen_epochs(epochs)
    assert (chosen[0], chosen[-1]) == (1, epochs)
    assert len(chosen) <= 20
    assert chosen == sorted(set(chosen))
    if epochs > 100:
        assert len([epoch for epoch in chosen if epoch <= epochs / 10]) >= 5


def network(units: int, activation: str) -> keras.Sequential:
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation)])


def test_one_output_is_itself_and_of_two_probabilities_it_is_the_difference() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    one, two = network(1, "tanh"), network(2, "softmax")
    assert np.array_equal(outputs(one, rows), np.asarray(one(rows))[:, 0])
    said = np.asarray(two(rows))
    assert outputs(two, rows) == pytest.approx(said[:, 1] - said[:, 0])


def test_a_film_of_a_training_that_goes_on_begins_where_it_goes_on() -> None:
    config = plane(inputs=("x1", "x2"))
    whole, rest = BoundaryRecorder(config, 0), BoundaryRecorder(config, 2)
    net = network(1, "tanh")
    for film in (whole, rest):
        film.network_ready(net)
        film.training_began(4, 5)
        for number in (3, 4):
            film.epoch_ended(Epoch(number, {}))
    assert [caption for caption, _ in whole.pictures] == ["epoch 0 of 4", "epoch 3 of 4", "epoch 4 of 4"]
    assert [caption for caption, _ in rest.pictures] == ["epoch 3 of 4", "epoch 4 of 4"]
    net.set_weights([0 * weight for weight in net.get_weights()])
    whole.epoch_ended(Epoch(4, {}))
    assert np.abs(whole.pictures[-1][1]).max() == 0 < np.abs(whole.pictures[-2][1]).max()


FILES = {"boundary": "boundary.png", "film": "boundary.gif", "units": "units.png"}


def drawn_from(*overrides: str) -> dict[str, Any]:
    """What each figure of the plane was drawn from by name; and the network and the rest of the training."""
    config = compose(
        ["model=playground", "dataset=xor", "dataset.points=50", "training.batch_size=10", *overrides]
    ).config
    prepared = prepare(config, Path())
    with ExitStack() as stack:
        figures = {"boundary": boundary, "film": moving, "units": units}
        seen = {
            name: stack.enter_context(patch.object(module, "draw", wraps=module.draw))
            for name, module in figures.items()
        }
        files = dict(plane_figures(prepared, BoundaryRecorder(config.dataset, 0)))
    found = {name: draw.call_args.kwargs for name, draw in seen.items() if draw.called}
    assert files.keys() == {FILES[name] for name in found}
    assert all(content.startswith((b"\x89PNG", b"GIF89a")) for content in files.values())
    return {**found, "network": prepared.network, "prepared": prepared}


def test_figures_are_drawn_from_the_points_of_their_parts_and_the_units_of_the_network() -> None:
    found = drawn_from("dataset.inputs=[x1_x2,x1]", "model.units=[4,3]")
    parts = found["boundary"]["parts"]
    assert {name: len(points) for name, (points, _) in parts.items()} == {"training": 20, "validation": 5, "test": 25}
    prepared = found["prepared"]
    for part, split in (
        ("training", prepared.train),
        ("validation", prepared.validation),
        ("test", prepared.splits.test),
    ):
        points, targets = parts[part]
        assert np.array_equal(to_inputs(points, ("x1_x2", "x1")), split.images(slice(None)))
        assert np.array_equal(targets, 2 * split.labels - 1)
        assert np.array_equal(targets > 0, points.prod(axis=1) > 0)
    (first, maps, none), (second, _, weights) = found["units"]["layers"]
    assert (first, second, maps.shape, none) == ("dense_1", "dense_2", (4, 120, 120), None)
    assert np.array_equal(weights, found["network"].layers[-1].kernel.numpy()[:, 0])
    corner = to_inputs(np.array([[-5.95, -5.95]]), ("x1_x2", "x1"))
    assert maps[:, 0, 0] == pytest.approx(np.asarray(found["network"].layers[0](corner))[0], abs=1e-5)


@pytest.mark.parametrize(
    ("dataset", "cure"),
    [("spiral", "deeplab drew other points then. Train anew."), ("mnist", "Put the old data back, or train anew.")],
)
def test_a_run_on_other_points_is_told_why_it_cannot_be_gone_on_with(dataset: str, cure: str) -> None:
    info = DatasetInfo(dataset, (2,), 2, ("-1", "+1"), "abc", 1.0)
    assert str(other_data(info, "old")) == (
        f"The data set {dataset} is not what run old was trained on: its SHA-256 differs. {cure}"
    )


def test_what_is_validated_on_the_test_points_is_marked_as_test_points() -> None:
    parts = drawn_from("validation=test")["boundary"]["parts"]
    assert {name: len(points) for name, (points, _) in parts.items()} == {"training": 25, "test": 25}


def test_an_activation_by_itself_belongs_to_the_units_before_it_and_no_unit_is_no_figure() -> None:
    layers = "[{type: Dense, units: 3}, {type: Activation, activation: relu}, {type: Dense, units: 1}]"
    ((_, maps, _),) = drawn_from(f"model.layers={layers}")["units"]["layers"]
    assert maps.min() == 0 < maps.max()
    assert "units" not in drawn_from("model.layers=[{type: Dense, units: 1}]")


def test_the_weights_that_are_kept_end_the_film() -> None:
    pictures = drawn_from()["film"]["pictures"]
    assert [caption for caption, _ in pictures] == ["the weights that are kept"]


def test_the_spiral_of_the_report_has_every_input_three_units_and_a_rate_in_stages() -> None:
    config = compose(["experiment=playground_spiral"]).config
    assert set(config.dataset.inputs) == set(INPUTS)
    assert config.model.settings["units"] == 3
    assert {(layer["activation"], layer["l2"]) for layer in config.model.layers[:-1]} == {("tanh", None)}
    rates = [config.optimizer.learning_rate * factor for factor in config.schedule.factors]
    assert (config.optimizer.kind, rates) == ("sgd", pytest.approx([0.1, 0.01]))
    assert config.schedule.boundary_epochs[0] < config.training.epochs
    assert config.training.loss == "half_squared_error"
