import numpy as np
import pytest

from deeplab.data.splits import DatasetInfo, Split
from deeplab.evaluation.scores import predict, score
from deeplab.models.memory import FEWEST, evaluation_batch


def test_scores_are_those_of_keras_evaluate_regularisation_included() -> None:
    import keras

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(9000, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int32)
    network = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(2, "softmax", kernel_regularizer=keras.regularizers.L2(0.1))]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    network.compile(loss=loss, metrics=["accuracy"])
    expected_loss, expected_accuracy = network.evaluate(x, np.eye(2)[y], verbose=0)

    predictions = predict(network, Split.whole(x, y))
    info = DatasetInfo("points", (5,), 2, ("no", "yes"), "", 1.0)
    scores = score(network, predictions, info, "classification", loss)
    assert predictions.outputs.shape == (9000, 2)
    assert scores["loss"] == pytest.approx(expected_loss, rel=1e-5)
    assert scores["accuracy"] == pytest.approx(expected_accuracy)
    assert len(network.losses) == 1


def test_large_layers_are_looked_at_in_small_batches() -> None:
    import keras

    small = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    middle = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(64, 3)])
    large = keras.Sequential([keras.Input((512, 512, 3)), keras.layers.Conv2D(64, 3)])
    assert [evaluation_batch(network) for network in (small, middle, large)] == [8192, 193, FEWEST]
