"""The layer `ChannelScale`."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="stripes")
class ChannelScale(keras.layers.Layer):  # type: ignore[misc]
    """Multiply every channel by a factor that is learned.

    Args:
        scale_initializer: of the factors. What ends in `_initializer` gets a seed of its own from deeplab.
        **arguments: those of every layer.
    """

    def __init__(self, scale_initializer: Any = "ones", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(shape=input_shape[-1:], initializer=self.scale_initializer, name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.scale_initializer)
        return {**super().get_config(), "scale_initializer": initializer}
