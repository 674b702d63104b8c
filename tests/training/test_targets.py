"""Networks that give back images or numbers, trained for real."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from deeplab.config.compose import compose, compose_sweep
from deeplab.data.noise import Noise
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.training.engine import Engine
from deeplab.training.fit import fit
from deeplab.training.input_pipeline import ExampleLookup
from deeplab.training.targets import Targets
from deeplab.workflows.prepare import prepare

IMAGES = DatasetInfo("images", (4, 4, 1), 2, ("a", "b"), "", 1 / 255)
TINY = ("dataset=digits", "dataset.limit=64", "training.epochs=2", "training.batch_size=16")
ENGINES = {"keras": Engine("keras", False, ""), "xla": Engine("compiled", True, "")}


def rows(count: int = 12) -> Split:
    x = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    return Split.whole(x, (np.arange(count) % 2).astype(np.int32))


def test_a_reconstruction_gets_noisy_rows_and_clean_targets() -> None:
    split = replace(rows(), noise=Noise("masking", 0.5, 0, "train"))
    given, wanted = ExampleLookup(split, Targets("reconstruction", IMAGES).for_split(split))(np.array([3, 1]))
    assert np.array_equal(given, split.inputs(np.array([3, 1])))
    assert np.allclose(wanted, split.x[[3, 1]] / 255)
    assert not np.allclose(given, wanted * 255)


def test_a_regression_gets_minus_one_and_one_for_classes_and_values_as_they_are() -> None:
    split = rows(4)
    assert Targets("regression", IMAGES).for_split(split)(np.arange(4)).numpy().tolist() == [[-1], [1], [-1], [1]]
    values = Split.whole(np.zeros((2, 3), np.float32), np.array([0.25, -0.5], np.float32))
    info = replace(IMAGES, input_shape=(3,), num_classes=0, class_names=())
    assert Targets("regression", info).for_split(values)(np.arange(2)).numpy().tolist() == [[0.25], [-0.5]]
    assert Targets("regression", info).metrics() == []


def test_fresh_noise_is_another_in_each_epoch_and_the_same_in_the_same(tmp_path: Path) -> None:
    split = replace(rows(), noise=Noise("salt_and_pepper", 0.5, 0, "train"))
    np.save(tmp_path / "rows.npy", split.x)
    on_disk = replace(split, x=np.load(tmp_path / "rows.npy", mmap_mode="r"))
    for source in (split, on_disk):
        look_up = ExampleLookup(source, Targets("classification", IMAGES).for_split(source), fresh_noise=True)
        seen = []
        for epoch in (0, 1, 0):
            look_up.begin(epoch)
            seen.append(np.array(look_up(tf.range(12))[0]))
        assert not np.array_equal(seen[0], seen[1])
        assert np.array_equal(seen[0], seen[2])
        assert np.array_equal(seen[0], replace(split, noise=replace(split.noise, epoch=1)).inputs(slice(None)))
    kept = ExampleLookup(split, Targets("classification", IMAGES).for_split(split))
    before = np.array(kept(tf.range(12))[0])
    kept.begin(5)
    assert np.array_equal(before, kept(tf.range(12))[0])


@pytest.mark.parametrize("fresh", [False, True])
def test_an_autoencoder_trains_alike_in_both_engines(fresh: bool) -> None:
    overrides = ["model=autoencoder", "noise=salt_and_pepper", "optimizer=sgd", "optimizer.learning_rate=0.5", *TINY]
    config = compose(overrides).config
    losses = {}
    for name, engine in ENGINES.items():
        made = prepare(config, Path())
        done = fit(replace(made, engine=engine, fresh_noise=fresh), config.training, 0)
        losses[name] = [*done.history.values("train/loss"), *done.history.values("val/mse")]
    assert losses["xla"] == pytest.approx(losses["keras"], rel=1e-4)
    assert losses["keras"][1] < losses["keras"][0]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["model=autoencoder", "training.loss=categorical_crossentropy"],
            "training.loss: a network for reconstruction is trained with binary_crossentropy or mean_squared_error, "
            "got categorical_crossentropy.",
        ),
        (
            ["model=autoencoder", "training.class_weights=balanced"],
            "training.class_weights is for networks for classification; this one is for reconstruction.",
        ),
        (
            ["model=autoencoder", "training.monitor=accuracy"],
            "training.monitor: there is no accuracy of a network for reconstruction on these rows; give loss.",
        ),
        (
            ["model=dense_relu", "model.task=reconstruction"],
            "model.layers[2] (Dense) gives vectors of 10, the network is to give back maps of 28x28x1 of digits. "
            "End with Dense, `units: num_inputs`, and Reshape, `target_shape: input_shape`.",
        ),
        (
            ["model=dense_relu", "model.task=regression"],
            "model.task=regression (network 'dense_relu') needs values or two classes, digits has 10 classes.",
        ),
        (
            ["model=autoencoder", "model.layers.4.activation=relu"],
            "model.layers[5] (Reshape): pixels lie in [0, 1], so the activation must be sigmoid, it is relu.",
        ),
        (
            ["model=autoencoder", "model.layers.1.part=other"],
            "model.layers[2].part: the layers of the part 'encoder' must stand one after the other.",
        ),
        (
            ["model=autoencoder", "model.layers.1.part=7"],
            "model.layers[1].part must be a word of small letters and _, as in encoder, got 7.",
        ),
    ],
)
def test_what_does_not_fit_the_task_is_refused(overrides: list[str], line: str) -> None:
    with pytest.raises(UserError) as caught:
        prepare(compose([*overrides, *TINY]).config, Path())
    assert str(caught.value) == line


def test_parts_are_networks_inside_the_network() -> None:
    network = prepare(compose(["model=conv_autoencoder", *TINY]).config, Path()).network
    encoder, decoder = network.get_layer("encoder"), network.get_layer("decoder")
    assert encoder.output_shape == (None, 7, 7, 16)
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1)).astype(np.float32)
    taken_apart = decoder(encoder(images / 255))
    assert np.allclose(taken_apart, network(images), atol=1e-6)


def test_null_means_what_the_task_calls_for() -> None:
    composed = compose_sweep(["model=autoencoder"])
    assert composed.run.config.training.loss == "binary_crossentropy"
    assert composed.comparison.metric == "val/loss"
    assert compose([]).values["training"]["loss"] == "categorical_crossentropy"
