"""Networks that branch, beside the same networks written by hand in Keras and carried through NumPy."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from tests.conftest import BRANCHED

from deeplab.config.compose import compose
from deeplab.config.identity import draws_numbers
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.layer_outputs import layer_outputs, saliency
from deeplab.models.build import build, outline
from deeplab.models.expand import groups_of
from deeplab.models.inspect import graph, layer_table
from deeplab.numpy_layers.forward import Layer, carry
from deeplab.training.shared_numbers import copy_network

Facts = Callable[..., DatasetInfo]
LAYERS = keras.layers


def by_hand() -> Any:
    """The network that BRANCHED stands for, on images of 8x8."""
    x = inputs = keras.Input((8, 8, 1))
    x = LAYERS.Rescaling(1 / 255)(x)
    x = LAYERS.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = LAYERS.Add()([LAYERS.Conv2D(4, 3, padding="same")(x), x])
    inner = LAYERS.BatchNormalization()(LAYERS.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(x))
    x = LAYERS.Add()([inner, LAYERS.BatchNormalization()(LAYERS.Conv2D(6, 1, strides=2, use_bias=False)(x))])
    inner = LAYERS.Conv2D(9, 3, strides=2, padding="same")(x)
    x = LAYERS.Add()([inner, keras.ops.pad(x[:, ::2, ::2], [[0, 0], [0, 0], [0, 0], [1, 2]])])
    x = LAYERS.GlobalAveragePooling2D()(x)
    gated = LAYERS.Multiply()([x, LAYERS.Dense(9, activation="sigmoid")(x)])
    x = LAYERS.Concatenate()([gated, x])
    return keras.Model(inputs, LAYERS.Dense(10, activation="softmax")(x))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def branched(facts: Facts) -> Any:
    network = build(compose(BRANCHED).config.model, facts(8, 8, 1), seed=3)
    rng = np.random.default_rng(1)
    network.set_weights([rng.uniform(0.1, 0.5, weight.shape) for weight in network.get_weights()])
    return network


def test_branches_are_what_is_written_by_hand(branched: Any, images: np.ndarray) -> None:
    hand = by_hand()
    # Keras orders layers by their way to the output; by shapes and kinds the same ones are found.
    seeds = [weight for weight in branched.weights if "seed_generator" in weight.path]
    ours = [weight for weight in branched.weights if not any(weight is seed for seed in seeds)]
    assert sorted(tuple(w.shape) for w in ours) == sorted(tuple(w.shape) for w in hand.weights)
    for kind in (LAYERS.Conv2D, LAYERS.BatchNormalization, LAYERS.Dense):
        mine, theirs = ([layer for layer in net.layers if isinstance(layer, kind)] for net in (branched, hand))
        for one, other in zip(mine, theirs, strict=True):
            other.set_weights(one.get_weights())
    np.testing.assert_allclose(branched.predict_on_batch(images), hand.predict_on_batch(images), atol=1e-6)


def test_numpy_keras_and_a_copy_agree_about_branches(branched: Any, images: np.ndarray) -> None:
    connected = graph(branched)
    ours: list[Any] = []
    for layer, numbers in connected:
        weights = {weight.name: np.asarray(weight) for weight in layer.weights}
        given = [ours[number] if number >= 0 else images for number in numbers]
        ours.append(carry(Layer(layer.name, type(layer).__name__, layer.get_config(), weights), *given))
    for one, other in zip(ours, layer_outputs(connected, images), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    copy = copy_network(branched)
    copy.set_weights(branched.get_weights())
    np.testing.assert_array_equal(copy.predict_on_batch(images), branched.predict_on_batch(images))
    assert np.abs(saliency(connected, images[0], 2)).max() > 0


def test_a_rate_of_a_residual_drops_whole_rows(branched: Any) -> None:
    layer = branched.get_layer("dropout_1")
    dropped = np.asarray(layer(np.ones((2000, 3, 3, 2), np.float32), training=True))
    rows = dropped.reshape(2000, -1)
    assert set(np.unique(rows)) == {0, np.float32(1 / 0.7)}
    assert (rows.min(axis=1) == rows.max(axis=1)).all()
    assert 0.25 < (rows[:, 0] == 0).mean() < 0.35


def test_the_table_has_the_order_of_the_file(facts: Facts) -> None:
    config = compose(BRANCHED).config.model
    table = layer_table(outline(config, facts(8, 8, 1)), groups_of(config.layers, config.blocks))
    names = list(groups_of(config.layers, config.blocks))
    assert [row.name for row in table] == ["rescaling", *names]
    assert {row.name: row.inputs for row in table if row.inputs} == {
        "conv2d_4": ("add_1",),
        "add_1": ("dropout_1", "conv2d_1"),
        "average_pooling2d_1": ("add_2",),
        "add_2": ("batch_normalization_1", "batch_normalization_2"),
        "add_3": ("conv2d_5", "permute_2"),
        "multiply_1": ("global_average_pooling2d_1", "dense_1"),
        "concatenate_1": ("multiply_1", "global_average_pooling2d_1"),
    }
    assert [len(row.path) for row in table[1:6]] == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("overrides", "trainable", "others"),
    [
        ((), 269_722, 1_376),  # He and others (2016), option A
        (("model.blocks.stage.values.shortcut=projection", "model.layers.3.shortcut=identity"), 272_474, 1_568),  # B
    ],
)
def test_resnet20_is_that_of_the_paper(facts: Facts, overrides: tuple[str, ...], trainable: int, others: int) -> None:
    network = outline(compose(["model=resnet20", *overrides]).config.model, facts(32, 32, 3))
    counts = [
        sum(int(np.prod(weight.shape)) for weight in weights)
        for weights in (network.trainable_weights, network.non_trainable_weights)
    ]
    assert counts == [trainable, others]
    kernels = [layer for layer in network.layers if type(layer).__name__ in ("Conv2D", "Dense")]
    assert len([layer for layer in kernels if getattr(layer, "kernel_size", 0) != (1, 1)]) == 20


@pytest.mark.parametrize(
    ("name", "shape", "weights"),
    [
        ("lenet5", (28, 28, 1), 61_706),  # of LeCun and others (1998), every map of C3 joined to all six of S2
        ("all_cnn", (32, 32, 3), 1_369_738),  # "≈ 1.4 M" of All-CNN-C, Springenberg and others (2015), table 4
        ("resnet8", (32, 32, 3), 78_714),
        ("unet_autoencoder", (28, 28, 1), 67_297),
        ("mlp_mixer_tiny", (28, 28, 1), 16_012),
    ],
)
def test_shipped_networks_have_so_many_weights(
    facts: Facts, name: str, shape: tuple[int, int, int], weights: int
) -> None:
    network = outline(compose([f"model={name}"]).config.model, facts(*shape))
    assert sum(int(np.prod(weight.shape)) for weight in network.weights if "seed" not in weight.path) == weights


def test_a_mixer_is_what_is_written_by_hand(facts: Facts) -> None:
    network = build(compose(["model=mlp_mixer_tiny"]).config.model, facts(28, 28, 1), seed=0)
    x = inputs = keras.Input((28, 28, 1))
    x = LAYERS.Reshape((49, 32))(LAYERS.Conv2D(32, 4, strides=4)(LAYERS.Rescaling(1 / 255)(x)))
    for _ in range(2):
        mixed = LAYERS.Permute((2, 1))(LAYERS.LayerNormalization()(x))
        mixed = LAYERS.Dense(49)(LAYERS.Dense(32, activation="gelu")(mixed))
        x = x + LAYERS.Permute((2, 1))(mixed)
        x = x + LAYERS.Dense(32)(LAYERS.Dense(64, activation="gelu")(LAYERS.LayerNormalization()(x)))
    x = LAYERS.GlobalAveragePooling1D()(LAYERS.LayerNormalization()(x))
    hand = keras.Model(inputs, LAYERS.Dense(10, activation="softmax")(x))
    for kind in (LAYERS.Conv2D, LAYERS.LayerNormalization, LAYERS.Dense):
        mine, theirs = ([layer for layer in net.layers if isinstance(layer, kind)] for net in (network, hand))
        for one, other in zip(mine, theirs, strict=True):
            other.set_weights(one.get_weights())
    rows = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1)).astype(np.float32)
    np.testing.assert_allclose(network.predict_on_batch(rows), hand.predict_on_batch(rows), atol=1e-6)


def test_what_a_block_or_a_residual_may_draw_counts_as_drawing() -> None:
    assert draws_numbers([{"residual": {"layers": [], "drop": 0.05}}])
    assert not draws_numbers([{"residual": {"layers": [], "drop": 0.0}}])
    assert draws_numbers({"b": {"layers": [{"type": "Dense", "units": 3, "dropout": "$rate"}]}})
    assert compose(["model=resnet8"]).config.training.randomness == "keras"
    assert compose(BRANCHED).config.training.randomness == "splitmix"
