from typing import Any

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.scores import score, score_images
from deeplab.models.inspect import FEWEST, evaluation_batch_size
from deeplab.training.losses import build_loss

POINTS = DatasetInfo("points", (5,), 3, ("no", "yes", "never"), "", 1.0)


CONFIDENT = 40.0  # a logit so large that float32 has no probability beside 1


def trained_net(activation: str, policy: str, units: int, factor: float) -> Any:
    """A network whose mistakes are confident ones, with a penalty on weights and one on activity."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((5,)),
        keras.layers.Dense(8, "relu", dtype=policy, kernel_regularizer=keras.regularizers.L2(0.1)),
        keras.layers.Dropout(0.5, dtype=policy),
        keras.layers.Dense(
            units,
            activation,
            dtype="float32",
            kernel_initializer=keras.initializers.RandomNormal(stddev=factor),
            activity_regularizer=keras.regularizers.L1(0.01),
        ),
    ]
    return keras.Sequential(layers)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy"])
def test_scores_of_a_classifier_are_those_of_keras_evaluate(name: str, smoothing: float, policy: str) -> None:
    training = compose([f"training.loss={name}", f"training.label_smoothing={smoothing}"]).config.training
    loss = build_loss(training)
    network = trained_net("softmax", policy, 3, CONFIDENT)
    x = np.random.default_rng(0).normal(size=(9000, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int32)
    network.compile(loss=loss, metrics=["accuracy"], jit_compile=False)
    expected_loss, expected_accuracy = network.evaluate(x, np.eye(3)[y], batch_size=1000, verbose=0)

    scores, predictions = score(network, Split.whole(x, y), POINTS, "classification", loss)
    assert predictions.outputs.shape == (9000, 3)
    assert predictions.outputs[np.arange(9000), y].min() < 1e-30
    assert scores["loss"] == pytest.approx(expected_loss, rel=1e-6)
    assert scores["accuracy"] == pytest.approx(expected_accuracy)


@pytest.mark.parametrize("name", ["half_squared_error", "mean_squared_error"])
def test_scores_of_a_regression_are_those_of_keras_evaluate(name: str) -> None:
    loss = build_loss(compose(["model=playground", "dataset=spiral", f"training.loss={name}"]).config.training)
    network = trained_net("tanh", "float32", 1, 1.0)
    x = np.random.default_rng(0).normal(size=(9000, 5)).astype(np.float32)
    values = x[:, 0].astype(np.float32)
    network.compile(loss=loss, jit_compile=False)
    expected = network.evaluate(x, values[:, np.newaxis], batch_size=1000, verbose=0)
    info = DatasetInfo("values", (5,), 0, (), "", 1.0)
    scores, _ = score(network, Split.whole(x, values), info, "regression", loss)
    assert scores == {"loss": pytest.approx(expected, rel=1e-6)}


@pytest.mark.parametrize("name", ["binary_crossentropy", "mean_squared_error"])
def test_scores_of_images_are_those_of_keras_evaluate(name: str) -> None:
    import keras

    overrides = ["experiment=mnist_autoencoder", "dataset=digits", f"training.loss={name}"]
    loss = build_loss(compose(overrides).config.training)
    keras.utils.set_random_seed(0)
    wide = keras.initializers.RandomNormal(stddev=CONFIDENT)
    network = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(16, "sigmoid", kernel_initializer=wide, kernel_regularizer="l2"),
            keras.layers.Reshape((4, 4, 1)),
        ]
    )
    x = np.random.default_rng(0).integers(0, 256, (9000, 4, 4, 1)).astype(np.uint8)
    network.compile(loss=loss, metrics=["mse"], jit_compile=False)
    expected_loss, expected_mse = network.evaluate(x, x / np.float32(255), batch_size=1000, verbose=0)
    scores = score_images(network, Split.whole(x, np.zeros(9000, np.int32)), 1 / 255, loss)
    assert scores["loss"] == pytest.approx(expected_loss, rel=1e-6)
    assert scores["mse"] == pytest.approx(expected_mse, rel=1e-6)


def test_large_layers_are_looked_at_in_small_batches() -> None:
    import keras

    small = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    middle = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(64, 3)])
    large = keras.Sequential([keras.Input((512, 512, 3)), keras.layers.Conv2D(64, 3)])
    assert [evaluation_batch_size(network) for network in (small, middle, large)] == [8192, 193, FEWEST]


def test_a_perfect_image_counts_as_much_as_bytes_can_tell() -> None:
    """TensorFlow's own PSNR of each image; that of the perfect one is infinite, and counts as a rounding to bytes."""
    import keras
    import tensorflow as tf

    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), dtype=np.uint8)
    images[2] = 0  # whose given image is the same
    network = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Rescaling(0.9 / 255)])
    scores = score_images(network, Split.whole(images, np.zeros(4, np.int32)), 1 / 255, keras.losses.MeanSquaredError())
    right = (images / 255).astype(np.float32)
    expected = tf.image.psnr(right, right * np.float32(0.9), max_val=1.0).numpy()
    assert np.isinf(expected).tolist() == [False, False, True, False]
    expected[2] = 10 * np.log10(12 * 255**2)
    assert expected[2] == pytest.approx(58.92, abs=0.005)
    assert scores["psnr"] == pytest.approx(expected.mean(), rel=1e-5)
    assert scores["mse"] == pytest.approx(np.mean((right - right * 0.9) ** 2), rel=1e-5)
