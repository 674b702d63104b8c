"""Scores and predictions of a trained network on rows it has not been trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split
from deeplab.models.memory import evaluation_batch


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of every row of a split.

    Attributes:
        probabilities: [n, num_classes], float32.
        labels: the right classes, [n], int32.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int32]

    @property
    def classes(self) -> NDArray[np.int64]:
        """The most likely class of every row, [n]."""
        classes: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return classes


@dataclass(frozen=True)
class Scores:
    """How well a classifier did on a split.

    Attributes:
        loss: mean over the rows, plus the network's regularisation, as Keras' `evaluate` has it.
        accuracy: share of the rows whose most likely class is right.
    """

    loss: float
    accuracy: float


def predict(network: Any, split: Split) -> Predictions:
    """Ask a network about every row of a split, in the split's order."""
    size = evaluation_batch(network)
    parts = [network.predict_on_batch(split.images(slice(start, start + size))) for start in range(0, len(split), size)]
    return Predictions(np.concatenate(parts).astype(np.float32), split.labels)


def score(network: Any, predictions: Predictions, loss: Callable[[Any, Any], Any]) -> Scores:
    """Score what a network said.

    Args:
        network: gives the regularisation part of the loss.
        predictions: of that network.
        loss: of one-hot labels and probabilities, as in training.
    """
    one_hot = np.eye(predictions.probabilities.shape[1], dtype=np.float32)[predictions.labels]
    value = float(loss(one_hot, predictions.probabilities)) + float(sum(network.losses))
    return Scores(value, float(np.mean(predictions.classes == predictions.labels)))
