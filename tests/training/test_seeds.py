from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deeplab.code.file import in_force, run_file
from deeplab.training.seeds import seed_layers, seed_process


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


def test_a_process_that_was_seeded_before_draws_the_weights_of_a_new_one() -> None:
    import keras

    def weights(seed: Callable[[int], None], number: int) -> np.ndarray:
        seed(number)
        return np.asarray(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).get_weights()[0])

    seed_process(1)
    for number in (5, 6, 5):
        assert np.array_equal(weights(seed_process, number), weights(keras.utils.set_random_seed, number))


def test_tensorflow_is_seeded_again_only_where_code_of_ones_own_may_draw_from_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import tensorflow as tf

    seed_process(1)
    seeded: list[int] = []
    monkeypatch.setattr(tf.random, "set_seed", seeded.append)
    seed_process(2)
    assert seeded == []
    file = tmp_path / "own.py"
    file.write_text("")
    with in_force(run_file(str(file), lambda: None)):
        seed_process(3)
    assert seeded == [3]
