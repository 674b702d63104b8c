from collections.abc import Callable

import pytest

from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo


@pytest.fixture(scope="session")
def facts() -> Callable[..., DatasetInfo]:
    """The facts of a data set of rows of this shape: images unless it has one dimension."""

    def make(*shape: int, num_classes: int = 10, name: str = "mnist") -> DatasetInfo:
        return DatasetInfo(
            name=name,
            input_shape=shape,
            num_classes=num_classes,
            class_names=tuple(map(str, range(num_classes))),
            fingerprint="0" * 64,
            scale=1 / 255 if len(shape) == 3 else 1.0,
        )

    return make


@pytest.fixture(scope="session")
def network() -> Callable[..., ModelConfig]:
    """A network of these layers."""

    def make(*layers: dict[str, object], name: str = "net") -> ModelConfig:
        return ModelConfig(name=name, task="classification", layers=layers, settings={})

    return make
