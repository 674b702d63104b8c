"""Seed generators of layers (dropout, noise, augmentation), set anew for each epoch."""

from typing import Any

import numpy as np


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
