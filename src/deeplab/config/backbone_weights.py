"""The files of weights that backbones of a network begin with: their SHA-256 is part of the configuration."""

from typing import Any

from deeplab.errors import UserError
from deeplab.files import existing_file, sha256_of

BACKBONE = "Backbone"  # the layer that stands for a network of keras.applications
IMAGENET = "imagenet"  # the weights that Keras downloads


def settle_backbones(values: dict[str, Any]) -> dict[str, Any]:
    """A composed configuration, not checked yet, with the SHA-256 of each file of weights that a backbone names.

    One that is there already stays: of a run that was made before, or of a person who wants no other file.

    Raises:
        UserError: there is no such file.
    """
    model = values.get("model")
    if not isinstance(model, dict):
        return values
    settled = {key: _settled(model[key], f"model.{key}") for key in ("layers", "blocks") if key in model}
    return {**values, "model": {**model, **settled}}


def _settled(item: Any, where: str) -> Any:
    if isinstance(item, list):
        return [_settled(each, f"{where}[{index}]") for index, each in enumerate(item)]
    if not isinstance(item, dict):
        return item
    weights = item.get("weights")
    is_file = isinstance(weights, str) and weights != IMAGENET and not weights.startswith("$")
    if isinstance(weights, str) and is_file and item.get("type") == BACKBONE and item.get("sha256") is None:
        path = existing_file(weights, f"{where}.weights")
        try:
            return {**item, "sha256": sha256_of(path)}
        except OSError as error:
            raise UserError(f"{where}.weights={weights} cannot be read: {error.strerror}.") from error
    return {key: _settled(each, f"{where}.{key}") for key, each in item.items()}
