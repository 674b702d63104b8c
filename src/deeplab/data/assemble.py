"""From four checked arrays to a data set with the facts about it."""

import numpy as np
from numpy.typing import NDArray

from deeplab.data.fingerprint import fingerprint
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo

Rows = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int32]


def make_splits(
    name: str,
    class_names: tuple[str, ...],
    *,
    x_train: Rows,
    y_train: Labels,
    x_test: Rows,
    y_test: Labels,
    divisor: float | None = None,
) -> Splits:
    """A data set of these examples and labels, fingerprinted.

    Args:
        name: as in `dataset=mnist`.
        class_names: a name for each class.
        x_train: [n, ...], uint8 or float32.
        y_train: [n], values in [0, len(class_names)).
        x_test: [m, ...], of the dtype of `x_train` and the shape of its examples.
        y_test: [m], like `y_train`.
        divisor: what examples are divided by inside the network; None is 255 for uint8 and 1 for float32.
    """
    if divisor is None:
        divisor = 255 if x_train.dtype == np.uint8 else 1
    return Splits(
        Split.whole(x_train, y_train),
        Split.whole(x_test, y_test),
        DatasetInfo(
            name=name,
            input_shape=x_train.shape[1:],
            num_classes=len(class_names),
            class_names=class_names,
            fingerprint=fingerprint(x_train, y_train, x_test, y_test),
            scale=1 / divisor,
        ),
    )
