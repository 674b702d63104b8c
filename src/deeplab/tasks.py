"""What a network can be for: the group of words that `model.task` chooses from."""

from dataclasses import dataclass
from typing import Any, Literal

TaskName = Literal["classification", "reconstruction", "regression"]


@dataclass(frozen=True)
class Task:
    """What a network is trained to say of an example."""

    losses: tuple[str, ...]  # that fit; the first is meant where `training.loss` is null
    default_metric: str  # what a sweep compares where `sweep.metric` is null
    outputs: str  # what `units: num_outputs` stands for
    activation: str  # what `activation: of_task` stands for


TASKS: dict[str, Task] = {
    # a probability for each class
    "classification": Task(
        ("categorical_crossentropy", "binary_crossentropy"), "val/accuracy", "num_classes", "softmax"
    ),
    # the example as it was before noise was added, values in [0, 1]
    "reconstruction": Task(("binary_crossentropy", "mean_squared_error"), "val/loss", "num_inputs", "sigmoid"),
    # numbers; two classes are the numbers -1 and +1
    "regression": Task(
        ("half_squared_error", "mean_squared_error", "mean_absolute_error", "huber"),
        "val/loss",
        "num_targets",
        "linear",
    ),
}
# Words of a layer that its network's task decides.
NUM_OUTPUTS, OF_TASK = "num_outputs", "of_task"


def fill_task_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Put what the network's task calls for where a configuration leaves it open, and settle the limit.

    What is open is null, and of layers `units: num_outputs` and `activation: of_task`.

    Args:
        values: composed, not checked yet.
    """
    values = {**values, "dataset": settle_limit(values.get("dataset"))} if "dataset" in values else values
    task = TASKS.get(_of(values, "model", "task"))
    if task is None:
        return values
    settled = dict(values)
    for group, key, meant in (("training", "loss", task.losses[0]), ("sweep", "metric", task.default_metric)):
        if isinstance(values.get(group), dict) and values[group].get(key, "") is None:
            settled[group] = {**values[group], key: meant}
    model = {key: _settled(item, task) for key, item in values["model"].items() if key in ("layers", "blocks")}
    settled["model"] = {**values["model"], **model}
    return settled


def _settled(item: Any, task: Task) -> Any:
    """Layers, groups of layers and blocks with what the task calls for."""
    if isinstance(item, list):
        return [_settled(each, task) for each in item]
    if not isinstance(item, dict):
        return item
    meant = {
        ("units", NUM_OUTPUTS): task.outputs,
        ("filters", NUM_OUTPUTS): task.outputs,
        ("activation", OF_TASK): task.activation,
    }
    return {
        key: meant.get((key, value), value) if isinstance(value, str) else _settled(value, task)
        for key, value in item.items()
    }


def settle_limit(dataset: Any) -> Any:
    """Turn off `dataset.stratify` where there is no limit, so that it stays the same run."""
    if isinstance(dataset, dict) and dataset.get("limit", "") is None and dataset.get("stratify") is True:
        return {**dataset, "stratify": False}
    return dataset


def _of(values: dict[str, Any], group: str, key: str) -> str:
    inside = values.get(group)
    return str(inside.get(key)) if isinstance(inside, dict) else ""
