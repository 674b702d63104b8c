"""Whether a network can be for its task on this data set, and ends in what the task calls for."""

from typing import Any

from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.groups import LayerSpec
from deeplab.models.joins import Shape, before
from deeplab.models.shapes import shape_text
from deeplab.tasks import TaskName

PROBABILITIES = ("softmax", "sigmoid")
# Layers that move values and leave them as they are.
_MOVES = ("CenterCrop", "Cropping2D", "Flatten", "Permute", "Reshape", "UpSampling2D")


def check_task(config: ModelConfig, info: DatasetInfo) -> None:
    """Refuse a task that the rows are not for.

    Raises:
        UserError: they are of another kind.
    """
    network = f"model.task={config.task} (network '{config.name}')"
    if config.task == "classification" and info.num_classes == 0:
        raise UserError(f"{network} needs classes, and the rows of {info.name} have values: choose a regression.")
    if config.task == "regression" and info.num_classes not in (0, 2):
        hint = " dataset.labels=values takes numbers as values." if info.name in ("npz", "image_folder") else ""
        raise UserError(f"{network} needs values or two classes, {info.name} has {info.num_classes} classes.{hint}")
    if config.task == "reconstruction" and len(info.input_shape) != 3:
        raise UserError(f"{network} needs images, and the rows of {info.name} are {shape_text(info.input_shape)}.")


def check_output_layer(
    task: TaskName,
    entries: tuple[LayerSpec, ...],
    layers: tuple[Any, ...],
    shapes: tuple[Shape, ...],
    info: DatasetInfo,
) -> None:
    """Refuse a network that does not end in what its task calls for.

    Args:
        task: of the network.
        entries: its layers as configured, for the messages.
        layers: the same layers made.
        shapes: of one row behind each layer.
        info: the facts of the data set.

    Raises:
        UserError: what it ends in instead, and what is probably missing.
    """
    last = f"{entries[-1].where} ({entries[-1].kind})"
    if task == "reconstruction":
        _check_image(entries, layers, shapes[-1], info)
    elif task == "regression":
        if shapes[-1] != (info.num_targets,):
            numbers = (
                "one number: write `units: 1`"
                if info.num_targets == 1
                else (f"{info.num_targets} numbers, one for each target of {info.name}: write `units: num_targets`")
            )
            raise UserError(f"{last} gives {shape_text(shapes[-1])}, a regression ends in {numbers}.")
    else:
        _check_probabilities(last, entries, layers, shapes, info)


def _check_image(entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], shape: Shape, info: DatasetInfo) -> None:
    last = f"{entries[-1].where} ({entries[-1].kind})"
    if shape != info.input_shape:
        hint = (
            " End with Dense, `units: num_inputs`, and Reshape, `target_shape: input_shape`." if len(shape) < 3 else ""
        )
        raise UserError(
            f"{last} gives {shape_text(shape)}, the network is to give back {shape_text(info.input_shape)} of "
            f"{info.name}.{hint}"
        )
    number = len(layers) - 1
    while entries[number].kind in _MOVES and entries[number].inputs[0] >= 0:
        number = entries[number].inputs[0]
    if (activation := _activation(layers[number])) != "sigmoid":
        raise UserError(f"{last}: pixels lie in [0, 1], so the activation must be sigmoid, it is {activation}.")


def _check_probabilities(
    last: str, entries: tuple[LayerSpec, ...], layers: tuple[Any, ...], shapes: tuple[Shape, ...], info: DatasetInfo
) -> None:
    if len(shapes[-1]) != 1:
        dense = [
            entry for entry in entries if entry.kind == "Dense" and len(before(entry, shapes, info.input_shape)[0]) > 1
        ]
        hint = f"put a Flatten before {dense[0].where} (Dense)." if dense else "is a Flatten missing?"
        raise UserError(
            f"The network ends in {shape_text(shapes[-1])}, not in {info.num_classes} class probabilities: {hint}"
        )
    if shapes[-1] != (info.num_classes,):
        raise UserError(
            f"{last} gives {shapes[-1][0]} outputs, {info.name} has {info.num_classes} classes: "
            "write `units: num_classes`."
        )
    if (activation := _activation(layers[-1])) not in PROBABILITIES:
        raise UserError(f"{last} must end in the activation softmax or sigmoid, it has {activation}.")


def _activation(layer: Any) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", "none"))
