"""What trainings in one process share: compiled blocks, which know rows, layers and factors but no weights."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from deeplab.training.block_model import BlockModel


class CompiledTrainerCache:
    """Keeps the last trainer that was compiled, for a next training that differs in nothing but its seed."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: tuple[Hashable, BlockModel] | None = None

    def trainer(
        self,
        cache_key: Hashable,
        network: "keras.Model",
        optimizer: Any,
        make: Callable[["keras.Model"], "BlockModel"],
    ) -> "BlockModel":
        """A trainer in the state that a new one would be in.

        Args:
            cache_key: equal for trainings that differ in nothing but their seed.
            network: whose weights it begins with.
            optimizer: a Keras optimiser that has not been used.
            make: compiles a trainer of a network like this one, with this optimiser.
        """
        if self._kept is None or self._kept[0] != cache_key:
            import keras

            self._kept = None  # its memory goes before the next one takes any
            # A network of its own: those that were trained before keep their weights.
            trainer = make(keras.models.clone_model(network))
            self._kept = (cache_key, trainer)
            trainer.set_weights(network.get_weights())
            return trainer
        trainer = self._kept[1]
        trainer.set_weights(network.get_weights())
        optimizer.build(trainer.trainable_variables)
        for variable, fresh in zip(trainer.optimizer.variables, optimizer.variables, strict=True):
            variable.assign(fresh)
        trainer.stop_training = False
        return trainer
