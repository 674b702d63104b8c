import numpy as np

from deeplab.training.seeds import seed_layers


def test_what_dropout_draws_depends_on_seed_and_epoch_alone() -> None:
    import keras

    network = keras.Sequential([keras.Input((100,)), keras.layers.Dropout(0.5), keras.layers.GaussianNoise(1.0)])
    x = np.ones((1, 100), np.float32)

    def drawn(seed: int, epoch: int) -> np.ndarray:
        seed_layers(network, seed, epoch)
        return np.asarray(network(x, training=True))

    first = drawn(0, 0)
    assert not np.array_equal(first, np.asarray(network(x, training=True)))
    assert np.array_equal(first, drawn(0, 0))
    assert not np.array_equal(first, drawn(0, 1))
    assert not np.array_equal(first, drawn(1, 0))
