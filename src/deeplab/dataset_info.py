"""What a network needs to know of the rows it is for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DatasetInfo:
    """What a network and a report need to know of a data set.

    Attributes:
        name: as in `dataset=mnist`.
        input_shape: shape of one row; images are (height, width, channels).
        num_classes: number of classes; 0 where rows have values instead.
        class_names: a name for each class.
        fingerprint: SHA-256 over every row and label of the source, before any limit.
        scale: what a row is multiplied by inside the network: 1/255 for uint8 images, 1 for floats, unless the source
            says otherwise.
    """

    name: str
    input_shape: tuple[int, ...]
    num_classes: int
    class_names: tuple[str, ...]
    fingerprint: str
    scale: float

    @property
    def is_image(self) -> bool:
        """Whether rows are images of shape (height, width, channels)."""
        return len(self.input_shape) == 3

    def shown(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return images as figures take them: bytes as they are, others multiplied by `scale`."""
        if images.dtype == np.uint8 and self.scale == 1 / 255:
            return images
        return np.asarray(images * np.float32(self.scale), np.float32)

    def numbers(self, labels: Any) -> NDArray[np.float32]:
        """Return what a regression is to give for these labels, [n]: their values, or -1 and +1 for two classes."""
        return np.asarray(labels * 2 - 1 if self.num_classes else labels, np.float32)
