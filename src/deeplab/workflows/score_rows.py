"""Score a network on rows, whatever its task is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deeplab.config.schema import ExperimentConfig
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo

if TYPE_CHECKING:
    from deeplab.evaluation.scores import Predictions
    from deeplab.training.cache import TrainingCache


def score_rows(
    network: Any,
    split: Split,
    info: DatasetInfo,
    config: ExperimentConfig,
    learned: DatasetInfo | None = None,
    cache: "TrainingCache | None" = None,
) -> "tuple[Mapping[str, float], Predictions | None]":
    """Score a network on the rows of a split, by the scores that a configuration lists.

    Args:
        network: of the configuration.
        split: of a data set.
        info: the facts of that.
        config: which task and loss the network has.
        learned: the facts of the data set that it was trained on, where that is another.
        cache: what trainings of this process share, the last of which was of this network; or None.

    Returns:
        The scores by name, and what the network said of each row; None of the latter where it gives back images.
    """
    # Here, because they import TensorFlow.
    from deeplab.evaluation.scores import score, score_images, scoring_step
    from deeplab.training.losses import build_loss

    loss, task = build_loss(config.training, (learned or info).targets), config.model.task
    step = None if cache is None else cache.made("scoring step", lambda trained: scoring_step(trained, loss))
    if task == "reconstruction":
        return score_images(network, split, info.scale, loss, step), None
    return score(network, split, info, task, loss, step, config.training.metrics)
