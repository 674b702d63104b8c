"""Which way a network is trained: Keras' own steps, or blocks of steps in one compiled call."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deeplab.config.backbone_weights import BACKBONE

# Whether XLA's steps are the fastest for a kind of layer on a CPU, as docs/engines.md has them of scripts/engines.py:
# its convolutions are slower than oneDNN's, and it has no operation that transforms images.
XLA_IS_FASTEST = {
    "Activation": True,
    "Add": True,
    "Average": True,
    "AveragePooling1D": True,
    "AveragePooling2D": True,
    "BatchNormalization": True,
    "CenterCrop": True,
    "Concatenate": True,
    "Conv1D": False,
    "Conv2D": False,
    "Conv2DTranspose": False,
    "Cropping2D": True,
    "Dense": True,
    "DepthwiseConv2D": False,
    "Dropout": True,
    "Flatten": True,
    "GaussianDropout": True,
    "GaussianNoise": True,
    "GlobalAveragePooling1D": True,
    "GlobalAveragePooling2D": True,
    "GlobalMaxPooling1D": True,
    "GlobalMaxPooling2D": True,
    "GroupNormalization": True,
    "LayerNormalization": True,
    "LeakyReLU": True,
    "MaxPooling1D": True,
    "MaxPooling2D": True,
    "Maximum": True,
    "Minimum": True,
    "Multiply": True,
    "PReLU": True,
    "Permute": True,
    "RandomBrightness": True,
    "RandomContrast": True,
    "RandomErasing": True,
    "RandomFlip": True,
    "RandomRotation": False,
    "RandomTranslation": False,
    "RandomZoom": False,
    "RepeatVector": True,
    "Rescaling": True,
    "Reshape": True,
    "Resizing": False,
    "SeparableConv2D": False,
    "SpatialDropout2D": True,
    "Subtract": True,
    "UpSampling2D": True,
    "ZeroPadding2D": True,
}

# A block takes some seconds to compile and saves two or three milliseconds a step.
WORTHWHILE_STEPS = 2000
BLOCK_SECONDS = 0.2
BLOCK_BYTES = 64 << 20
_FLOPS_A_SECOND = 1e11
_SECONDS_A_STEP = 3e-4


@dataclass(frozen=True)
class Engine:
    """How the steps of a training are run."""

    kind: Literal["keras", "compiled"]  # `keras` for one call of Keras a step, `compiled` for a block of steps a call
    xla: bool  # whether a block is compiled by XLA
    reason: str  # why, in a few words

    def __str__(self) -> str:
        return f"{self.kind} with XLA" if self.xla else self.kind

    @classmethod
    def named(cls, text: str) -> "Engine":
        """The engine of which `str` made this text: that of a run which was made before."""
        return cls("keras" if text == "keras" else "compiled", text.endswith(" with XLA"), "as the run has it")


def choose_engine(
    wanted: Literal["auto", "compiled", "keras"], kinds: Iterable[str], device: str, steps: int, own_code: bool = False
) -> Engine:
    """The engine for a network on a device.

    Args:
        wanted: the setting.
        kinds: of the network's layers, as in `Dense`.
        device: `cpu`, or `gpu:0` and so on, or several as in `gpu:0,1`.
        steps: of the whole training.
        own_code: whether layers or the loss are those of --code; XLA may have no words for what they do.
    """
    if wanted == "keras":
        return Engine("keras", False, "asked for")
    if "," in device:
        return Engine("keras", False, "several devices take a step together")
    kinds = list(kinds)
    convolves = [kind == BACKBONE or not XLA_IS_FASTEST.get(kind, "Conv" not in kind) for kind in kinds]
    slow = device == "cpu" and any(convolves)
    if any(kind.startswith("Random") and not XLA_IS_FASTEST.get(kind) for kind in kinds):
        obstacle = "XLA has no augmentation"
    elif own_code:
        obstacle = "code of one's own may be none for XLA"
    else:
        obstacle = "XLA's convolutions are slow on CPU" if slow else ""
    if wanted == "compiled":
        return Engine("compiled", not obstacle, f"asked for; {obstacle}" if obstacle else "asked for")
    if obstacle and device != "cpu":
        return Engine("keras", False, obstacle)
    if steps < WORTHWHILE_STEPS:
        return Engine("keras", False, f"{steps} steps take less time than compiling")
    return Engine("compiled", not obstacle, obstacle or ("dense network" if device == "cpu" else "GPU"))


def steps_per_block(multiplications: int, row_bytes: int, batch_size: int, steps_per_epoch: int) -> int:
    """How many steps make a block of about BLOCK_SECONDS on a slow machine, so that progress moves and Ctrl-C is heard.

    Blocks of an epoch are as equal as they can be, since each length is compiled by itself.

    Args:
        multiplications: of a row, forward; a step costs about six operations for each and each row.
        row_bytes: size of one row.
        batch_size: rows in a step.
        steps_per_epoch: full batches in an epoch.
    """
    seconds = _SECONDS_A_STEP + 6 * multiplications * batch_size / _FLOPS_A_SECOND
    longest = min(BLOCK_SECONDS / seconds, BLOCK_BYTES / (row_bytes * batch_size))
    count = -(-steps_per_epoch // max(1, int(longest)))
    return max(1, -(-steps_per_epoch // max(1, count)))
