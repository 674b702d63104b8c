"""Scores and predictions of a trained network on rows it has not been trained on."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.class_scores import most_likely
from deeplab.metrics import Metric, computed_for
from deeplab.models.inspect import evaluation_batch_size
from deeplab.tasks import TaskName

Loss = Callable[[Any, Any], Any]
# Of a batch of examples and their targets: outputs, and their mean loss.
ScoringStep = Callable[[Any, Any], tuple[Any, Any]]
Float = NDArray[np.float32]
# Mean squared error of a pixel in [0, 1] that is rounded to a byte: steps of 1/255, evenly distributed in each.
ROUNDING = 1 / (12 * 255**2)


@dataclass(frozen=True)
class Predictions:
    """What a network said of every row of a split."""

    outputs: Float  # [n, num_classes] probabilities of a classifier, [n, k] numbers of a regression; float32
    labels: Any  # the right classes, [n], int32; or the right values, float32, [n] or [n, k]

    @property
    def classes(self) -> NDArray[np.int64]:
        """The most likely class of every row, [n]; of one number the class 1 if it is above 0, otherwise 0."""
        return most_likely(self.outputs)


def score(
    network: Any,
    split: Split,
    info: DatasetInfo,
    task: TaskName,
    loss: Loss,
    step: ScoringStep | None = None,
    listed: Collection[str] = (),
) -> tuple[Mapping[str, float], Predictions]:
    """Ask a classifier or a regression about every row of a split, in the split's order, and score what it said.

    Args:
        network: takes the inputs of the split.
        split: that it has not been trained on.
        info: the facts of the data set.
        task: of the network.
        loss: of targets and outputs, as in training.
        step: from `scoring_step`, of a network with the same layers and weights; None makes one.
        listed: names of the scores that are computed where they are asked for.

    Returns:
        `loss`: mean over the rows with the network's own penalties, as Keras' `evaluate` has it; `accuracy` where there
        are classes: share of the rows whose most likely class is right; and what has a function in `metrics.METRICS`.
        And what was said of each row.
    """
    if task == "classification":
        targets = np.eye(info.num_classes, dtype=np.float32)[split.labels]
    else:
        targets = info.numbers(split.labels)
    step = step or scoring_step(network, loss)
    total, parts = 0.0, []
    metrics = computed_for(task, bool(info.num_classes), listed)
    own = _Sums(metrics)
    for rows, part in _batches(network, split):
        outputs, mean_loss = step(rows, targets[part])
        total += float(mean_loss) * len(rows)
        own.add(targets[part], outputs)
        parts.append(outputs.numpy())
    predictions = Predictions(np.concatenate(parts).astype(np.float32), split.labels)
    scores = {"loss": total / len(split)}
    if info.num_classes:
        scores["accuracy"] = float(np.mean(predictions.classes == split.labels))
    means = own.means(len(split))
    for metric in metrics:
        of_all = metric.value_of_all(targets, predictions.outputs) if metric.of_all else None
        scores[metric.name] = means[metric.name] if of_all is None else of_all
    return scores, predictions


def score_images(
    network: Any, split: Split, scale: float, loss: Loss, step: ScoringStep | None = None
) -> Mapping[str, float]:
    """Score how well a network gives back images, a batch at a time.

    Args:
        network: takes the inputs of a split and gives images in [0, 1].
        split: whose images, without their noise, are right.
        scale: brings those to [0, 1].
        loss: of right and given images, as in training.
        step: as in `score`.

    Returns:
        `loss` as in `score`; `mse`: mean squared error of a pixel; `psnr`: peak signal-to-noise ratio in decibels,
        10 log10(1 / mse) of each image, its mean over the images. That of a perfect image is infinite, as scikit-image
        and TensorFlow have it, and would be the mean's, too: no image counts for more than one that was rounded to
        bytes, 58.92 dB.
    """
    step = step or scoring_step(network, loss)
    total = squares = decibels = 0.0
    own = _Sums(computed_for("reconstruction", True, ()))
    for rows, part in _batches(network, split):
        right = split.images(part).astype(np.float32) * np.float32(scale)
        outputs, mean_loss = step(rows, right)
        errors = np.mean(np.square(right - outputs.numpy(), dtype=np.float64), axis=(1, 2, 3))
        total += float(mean_loss) * len(rows)
        own.add(right, outputs)
        squares += float(errors.sum())
        decibels += float(-10 * np.log10(np.maximum(errors, ROUNDING)).sum())
    count = len(split)
    return {"loss": total / count, "mse": squares / count, "psnr": decibels / count, **own.means(count)}


class _Sums:
    """Those scores that have a function of their own, over the batches of a split."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = [metric for metric in metrics if metric.function]
        self._sums = dict.fromkeys((metric.name for metric in self._metrics), 0.0)

    def add(self, targets: Any, outputs: Any) -> None:
        for metric in self._metrics:
            self._sums[metric.name] += float(np.sum(metric.values(targets, outputs), dtype=np.float64))

    def means(self, count: int) -> dict[str, float]:
        return {name: total / count for name, total in self._sums.items()}


def scoring_step(network: Any, loss: Loss) -> ScoringStep:
    """Make a function of a batch that gives the network's outputs and their mean loss, as `fit` computes it.

    Both are computed in one graph: there a cross-entropy finds the logits of a softmax or sigmoid on its outputs and
    takes them, as Keras' own training and `evaluate` do. From probabilities alone it would be another number.
    """
    import tensorflow as tf

    def step(rows: Any, targets: Any) -> tuple[Any, Any]:
        outputs = network(rows, training=False)
        return outputs, loss(targets, outputs) + sum(network.losses)

    compiled: ScoringStep = tf.function(step, reduce_retracing=True)
    return compiled


def _batches(network: Any, split: Split) -> Iterator[tuple[Any, slice]]:
    """What a network gets of a split, in batches that it can take at once, and where in the split they lie."""
    size = evaluation_batch_size(network)
    for start in range(0, len(split), size):
        part = slice(start, start + size)
        yield split.inputs(part), part
