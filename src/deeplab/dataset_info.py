"""What a network needs to know of the rows it is for."""

from typing import Protocol


class Rows(Protocol):
    """The part of a data set's facts that shapes a network; `deeplab.data.splits.DatasetInfo` is one.

    Attributes:
        name: as in `dataset=mnist`.
        input_shape: shape of one row; images are (height, width, channels).
        num_classes: number of classes; 0 where rows have values instead.
        scale: what a row is multiplied by inside the network.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def input_shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def num_classes(self) -> int: ...  # noqa: D102

    @property
    def scale(self) -> float: ...  # noqa: D102
