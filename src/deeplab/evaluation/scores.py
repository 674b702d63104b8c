"""Scores and predictions of a trained network on rows it has not been trained on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.tasks import TaskName
from deeplab.data.splits import DatasetInfo, Split
from deeplab.models.memory import evaluation_batch

Loss = Callable[[Any, Any], Any]
Float = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """What a network said of every row of a split.

    Attributes:
        outputs: [n, num_classes] probabilities of a classifier, [n, 1] numbers of a regression; float32.
        labels: the right classes, [n], int32; or the right values, float32.
    """

    outputs: Float
    labels: Any

    @property
    def classes(self) -> NDArray[np.int64]:
        """The most likely class of every row, [n]; of one number the class 1 if it is above 0, otherwise 0."""
        if self.outputs.shape[1] == 1:
            return (self.outputs[:, 0] > 0).astype(np.int64)
        classes: NDArray[np.int64] = self.outputs.argmax(axis=1)
        return classes


def predict(network: Any, split: Split) -> Predictions:
    """Ask a network about every row of a split, in the split's order."""
    parts = [network.predict_on_batch(rows) for rows, _ in _batches(network, split)]
    return Predictions(np.concatenate(parts).astype(np.float32), split.labels)


def score(network: Any, predictions: Predictions, info: DatasetInfo, task: TaskName, loss: Loss) -> Mapping[str, float]:
    """Score what a classifier or a regression said.

    Args:
        network: gives the regularisation part of the loss.
        predictions: of that network.
        info: the facts of the data set.
        task: of the network.
        loss: of targets and outputs, as in training.

    Returns:
        `loss`: mean over the rows, plus the network's regularisation, as Keras' `evaluate` has it; `accuracy` where
        there are classes: share of the rows whose most likely class is right.
    """
    labels = predictions.labels
    if task == "classification":
        targets = np.eye(info.num_classes, dtype=np.float32)[labels]
    else:
        targets = info.numbers(labels)[:, np.newaxis]
    scores = {"loss": float(loss(targets, predictions.outputs)) + _penalty(network)}
    if info.num_classes:
        scores["accuracy"] = float(np.mean(predictions.classes == labels))
    return scores


def score_images(network: Any, split: Split, scale: float, loss: Loss) -> Mapping[str, float]:
    """Score how well a network gives back images, a batch at a time.

    Args:
        network: takes the inputs of a split and gives images in [0, 1].
        split: whose images, without their noise, are right.
        scale: brings those to [0, 1].
        loss: of right and given images, as in training.

    Returns:
        `loss` as in `score`; `mse`: mean squared error of a pixel; `psnr`: peak signal-to-noise ratio in decibels,
        10 log10(1 / mse) of each image, its mean over the images.
    """
    total = squares = decibels = 0.0
    for rows, part in _batches(network, split):
        right = split.images(part).astype(np.float32) * np.float32(scale)
        given = network.predict_on_batch(rows)
        errors = np.mean(np.square(right - given, dtype=np.float64), axis=(1, 2, 3))
        total += float(loss(right, given)) * len(rows)
        squares += float(errors.sum())
        decibels += float(-10 * np.log10(np.maximum(errors, np.finfo(np.float64).tiny)).sum())
    count = len(split)
    return {"loss": total / count + _penalty(network), "mse": squares / count, "psnr": decibels / count}


def _batches(network: Any, split: Split) -> Iterator[tuple[Any, slice]]:
    """What a network gets of a split, in batches that it can take at once, and where in the split they lie."""
    size = evaluation_batch(network)
    for start in range(0, len(split), size):
        part = slice(start, start + size)
        yield split.inputs(part), part


def _penalty(network: Any) -> float:
    return float(sum(network.losses))
