"""Seeds: of a process before a network is built, and of its layers' generators, set anew for each epoch."""

from functools import cache
from typing import Any

import numpy as np

from deeplab.code.file import current, plugins


def seed_process(seed: int) -> None:
    """Seed whatever draws: Python, NumPy, Keras, from which layers take theirs, and TensorFlow.

    TensorFlow's own generator gets the seed where a layer of somebody else may draw from it, and otherwise a constant,
    once: to seed it makes TensorFlow forget every function that it has made ready, and small trials wait for them.
    """
    import keras
    import tensorflow as tf

    if current() is not None or plugins("deeplab.layers", "layer"):
        keras.utils.set_random_seed(seed)
        return
    _seed_tensorflow()
    seed_tensorflow = tf.random.set_seed
    try:
        tf.random.set_seed = lambda _: None
        keras.utils.set_random_seed(seed)
    finally:
        tf.random.set_seed = seed_tensorflow


@cache
def _seed_tensorflow() -> None:
    import tensorflow as tf

    tf.random.set_seed(0)


def seed_layers(network: Any, seed: int, epoch: int) -> None:
    """Make what the layers draw in an epoch a function of (seed, epoch) alone.

    A saved model does not hold these states; setting them is what lets a resumed training draw what an
    undisturbed one would have drawn.

    Args:
        network: a Keras model.
        seed: the run's.
        epoch: counted from 0.
    """
    states = [variable for variable in network.variables if variable.path.endswith("seed_generator_state")]
    for index, state in enumerate(states):
        drawn = np.random.SeedSequence([seed, epoch, index]).generate_state(state.shape[0])
        state.assign(drawn.astype(state.dtype))
