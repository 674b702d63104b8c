"""What can be refused of a training before it begins."""

import math
from collections.abc import Iterable

import numpy as np

from deeplab.code.file import declared
from deeplab.config.schema import PlateauConfig, ScheduleConfig, TrainingConfig
from deeplab.data.splits import Split
from deeplab.data.stratify import has_classes
from deeplab.errors import UserError
from deeplab.metrics import metric_of, optional
from deeplab.tasks import TASKS
from deeplab.training.losses import check_own_loss, class_weights
from deeplab.training.targets import Targets


def check_fits(config: TrainingConfig, train: Split, validation: Split | None, targets: Targets) -> None:
    """Refuse settings that do not fit the rows or the task.

    Raises:
        UserError: a batch larger than the training set, or with fewer rows than there are devices, weights for other
            classes, a wish that needs validation, a loss or a score that the task does not have.
    """
    _check_task(config, targets)
    if has_classes(train.y):
        class_weights(config, train.labels, targets.info.num_classes)
    if config.batch_size > len(train):
        raise UserError(
            f"training.batch_size: must be at most the number of training rows ({len(train)}), got {config.batch_size}."
        )
    batches = -(-len(train) // config.batch_size)
    if config.accumulate > batches:
        raise UserError(
            f"training.accumulate: must be at most the number of batches of an epoch ({batches}), "
            f"got {config.accumulate}."
        )
    devices, last = config.device.count(",") + 1, len(train) % config.batch_size or config.batch_size
    if min(last, config.batch_size) < devices:
        raise UserError(
            f"training.device={config.device}: {devices} devices divide each batch, and the last of an epoch has "
            f"{last} row{'' if last == 1 else 's'}. Take another training.batch_size."
        )
    if validation is None:
        for key in ("early_stopping_patience", "restore_best_weights"):
            if getattr(config, key):
                raise UserError(f"training.{key} looks at validation scores, but validation=none holds nothing out.")
    elif config.early_stopping_patience or config.restore_best_weights:
        _check_monitor(config.monitor, validation, targets)


def _check_monitor(monitor: str, validation: Split, targets: Targets) -> None:
    """Refuse a score by which no epoch would be better than another, as `auc` of rows of one class."""
    metric = metric_of(monitor)
    if metric.of_all:
        perfect = np.asarray(targets.for_split(validation)(np.arange(len(validation))))
        if math.isnan(metric.value_of_all(perfect, perfect)):
            raise UserError(
                f"training.monitor={monitor}: the {len(validation):,} validation rows have none, since all of them are "
                "of one class, or there is but one. Choose another score, or other rows."
            )


def check_schedule(config: ScheduleConfig, learning_rate: float, validation: Split | None) -> None:
    """Refuse a plateau that nothing is seen of, or whose least learning rate is one already.

    Raises:
        UserError: either of them.
    """
    if not isinstance(config, PlateauConfig):
        return
    if validation is None:
        raise UserError("schedule=plateau looks at validation scores, but validation=none holds nothing out.")
    if config.min_learning_rate >= learning_rate:
        raise UserError(
            f"schedule.min_learning_rate: must be less than optimizer.learning_rate ({learning_rate:g}), "
            f"got {config.min_learning_rate:g}."
        )


def _check_task(config: TrainingConfig, targets: Targets) -> None:
    task = targets.task
    is_own = config.loss in declared("loss")
    if config.loss not in TASKS[task].losses and not is_own:
        allowed = " or ".join(TASKS[task].losses)
        raise UserError(f"training.loss: a network for {task} is trained with {allowed}, got {config.loss}.")
    if is_own:
        check_own_loss(config.loss, targets.shape)
    if is_own and config.label_smoothing:
        raise UserError(f"training.label_smoothing is for losses of deeplab's own; {config.loss} is of --code.")
    if config.standardize_targets and (task != "regression" or targets.info.num_classes):
        raise UserError("training.standardize_targets is for a regression of values, and these rows have none.")
    if task != "classification":
        for key, given in (("class_weights", config.class_weights), ("label_smoothing", config.label_smoothing)):
            if given:
                raise UserError(f"training.{key} is for networks for classification; this one is for {task}.")
    if not metric_of(config.monitor).is_measured_for(task, bool(targets.info.num_classes)):
        raise UserError(
            f"training.monitor: there is no {config.monitor} of a network for {task} on these rows; give loss."
        )
    check_listed(config.metrics, task, bool(targets.info.num_classes))


def check_listed(metrics: Iterable[str], task: str, has_classes: bool) -> None:
    """Refuse scores that a network for a task does not have on rows with classes, or without.

    Raises:
        UserError: the first of them.
    """
    known = [each.name for each in optional() if each.is_measured_for(task, has_classes)]
    for name in metrics:
        if name not in known:
            there_are = f"there are {', '.join(known)}" if known else "there is none to be listed"
            raise UserError(f"training.metrics: there is no {name} of a network for {task} on these rows; {there_are}.")
