"""What frozen layers in front make of rows: computed once for each row, not in every epoch."""

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split
from deeplab.models.inspect import all_layers, evaluation_batch_size
from deeplab.training.checkpoint import Arrays, Checkpoint, CheckpointSink

if TYPE_CHECKING:
    from deeplab.training.cache import TrainingCache
    from deeplab.training.setup import TrainingSetup

MOST_BYTES = 1 << 30  # of features that are held in memory
_IN_TRAINING_ALONE = ("Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout2D")


@dataclass(frozen=True)
class FrozenFront:
    """The layers of a network up to the first that is trained, or that draws."""

    front: keras.Model  # from rows to features
    head: keras.Model  # the rest, over the same layers as the network

    @property
    def arrays(self) -> int:
        """How many weight arrays it has, which are the first ones of the network."""
        return len(self.front.weights)

    def setup(self, setup: "TrainingSetup", cache: "TrainingCache | None") -> "TrainingSetup":
        """The training of the rest on features in the place of rows."""
        # Trainings of one key differ in nothing but numbers, and in frozen weights that the seed has drawn.
        weights = hashlib.sha256(b"".join(array.tobytes() for array in self.front.get_weights())).hexdigest()
        parts = [part for part in (setup.train, setup.validation) if part is not None]

        def make() -> list[Split]:
            return [Split.whole(_features(self.front, part), part.labels) for part in parts]

        if cache is None:
            made = make()
        else:
            rows = [hashlib.sha256(part.rows.tobytes()).hexdigest() for part in parts]
            made = cache.kept("features", (setup.cache_key, weights, rows), make)
        validation = made[1] if len(made) > 1 else None
        return replace(setup, network=self.head, train=made[0], validation=validation)

    def sink(self, sink: CheckpointSink | None) -> CheckpointSink | None:
        """A sink for states of the rest that hands on those of the network."""
        if sink is None:
            return None
        latest, kept = sink.latest, sink.kept
        return replace(
            sink,
            latest=lambda state: latest(self.widened(state)),
            kept=None if kept is None else lambda state: kept(self.widened(state)),
        )

    def widened(self, state: Checkpoint) -> Checkpoint:
        """A state of the rest as one of the network."""
        front = tuple(self.front.get_weights())

        def wide(arrays: Arrays) -> Arrays:
            return (*front, *arrays) if arrays else arrays

        return replace(state, weights=wide(state.weights), best_weights=wide(state.best_weights))

    def narrowed(self, state: Checkpoint | None) -> Checkpoint | None:
        """A state of the network as one of the rest."""
        if state is None:
            return None
        return replace(state, weights=state.weights[self.arrays :], best_weights=state.best_weights[self.arrays :])


def frozen_front(setup: "TrainingSetup") -> FrozenFront | None:
    """The frozen layers in front of a network, where what they make of rows is the same in every epoch.

    None where there are none with weights, where rows get another noise in every epoch, where several devices train, or
    where features would take more than `MOST_BYTES`.
    """
    network = setup.network
    if (
        type(network) is not keras.Sequential
        or setup.fresh_noise
        or setup.runtime.strategy is not None
        or setup.targets.task == "reconstruction"
        or len(setup.targets.info.input_shape) != 3
    ):
        return None
    count = next((number for number, layer in enumerate(network.layers) if not _is_fixed(layer)), 0)
    front = network.layers[:count]
    if not any(layer.weights for layer in front):
        return None
    shape = front[-1].output.shape[1:]
    rows = len(setup.train) + len(setup.validation or ())
    if 4 * math.prod(shape) * rows > MOST_BYTES:
        return None
    inputs = keras.Input(network.input_shape[1:], dtype="float32", name="rows")
    features = keras.Input(shape, dtype="float32", name="features")
    return FrozenFront(
        keras.Sequential([inputs, *front], name="front"),
        keras.Sequential([features, *network.layers[count:]], name=network.name),
    )


def _is_fixed(layer: Any) -> bool:
    """Whether a layer makes the same of a row in every step."""
    inside = list(all_layers(layer)) if hasattr(layer, "layers") else [layer]
    return all(
        not each.trainable_weights
        and not (each.trainable and isinstance(each, keras.layers.BatchNormalization))  # its mean moves
        and type(each).__module__.partition(".")[0] == "keras"
        and not type(each).__name__.startswith("Random")
        and not (type(each).__name__ in _IN_TRAINING_ALONE and _strength(each) > 0)
        for each in inside
    )


def _strength(layer: Any) -> float:
    return float(layer.stddev if hasattr(layer, "stddev") else layer.rate)


def _features(front: keras.Model, split: Split) -> NDArray[np.float32]:
    import tensorflow as tf

    step = tf.function(lambda rows: tf.cast(front(rows, training=False), tf.float32), reduce_retracing=True)
    size = evaluation_batch_size(front)
    made = [step(split.inputs(slice(start, start + size))).numpy() for start in range(0, len(split), size)]
    return np.concatenate(made)
