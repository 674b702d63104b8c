"""What can be refused about a backbone without TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any

from deeplab.config.backbone_weights import BACKBONE, IMAGENET
from deeplab.errors import UserError, unknown_name
from deeplab.models.arguments import check_argument
from deeplab.models.groups import LayerSpec
from deeplab.models.layers import is_augmentation

APPLICATIONS = ("DenseNet121", "EfficientNetV2B0", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "ResNet50")
KEYS = ("type", "name", "weights", "sha256", "frozen", "unfreeze_from", "pooling", "alpha")
# Layers that leave pixels what they are.
_OF_PIXELS = ("CenterCrop", "Cropping2D", "GaussianNoise", "Resizing", "UpSampling2D", "ZeroPadding2D")


def check_backbone(settings: Mapping[str, Any], where: str) -> None:
    """Refuse the entry of a backbone.

    Raises:
        UserError: the first thing that is wrong.
    """
    for key in settings:
        if key not in KEYS:
            raise unknown_name(f"argument of {BACKBONE}", str(key)[:80], KEYS[1:], where)
        if key not in ("type", "name"):
            check_argument(BACKBONE, key, settings[key], where)
    name = settings.get("name")
    if name not in APPLICATIONS:
        raise unknown_name(BACKBONE.lower(), str(name)[:80], APPLICATIONS, f"{where}.name")
    if "weights" not in settings:
        raise UserError(f"{where} ({name}) needs weights: {IMAGENET}, a file (.h5), or null.")
    weights = settings["weights"]
    is_file = weights not in (None, IMAGENET)
    if is_file and "sha256" not in settings:
        raise UserError(f"{where}.weights: a file is named where the {BACKBONE} stands, not by a value of a block.")
    if settings.get("sha256") is not None and not is_file:
        raise UserError(f"{where}.sha256 is that of a file of weights, and none is named.")
    if settings.get("unfreeze_from") is not None and not settings.get("frozen"):
        raise UserError(f"{where}.unfreeze_from is for a {BACKBONE} with frozen: true.")
    if settings.get("alpha") is not None and not name.startswith("MobileNet"):
        raise UserError(f"{where}.alpha is for MobileNets; {name} has one width.")


def check_place(entries: Sequence[LayerSpec]) -> None:
    """Refuse a backbone that gets anything else than pixels; it has the preprocessing of pixels in front.

    Raises:
        UserError: of the first such.
    """
    for entry in entries:
        if entry.kind != BACKBONE:
            continue
        number = entry.inputs[0]
        while number >= 0:
            before = entries[number]
            if before.kind not in _OF_PIXELS and not is_augmentation(before.kind):
                raise UserError(
                    f"{entry.where} ({BACKBONE}) takes the images of the data set, and {before.where} ({before.kind}) "
                    f"stands between; {', '.join(_OF_PIXELS)} and augmentation may."
                )
            number = before.inputs[0]
