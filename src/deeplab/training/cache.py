"""What trainings in one process share: data, and compiled steps, which know examples and layers but no weights."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


class TrainingCache:
    """Keeps the last trainer that was compiled, for a next training that differs in nothing but numbers, and data.

    Attributes:
        network: what the last training trained, with the weights that it has come to; None before the first.
        holds_another: whether what the last training compiled took the place of what an earlier one had.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.network: keras.Model | None = None
        self.holds_another = False
        self._key: Hashable = None
        self._trainer: Any = None
        self._made: dict[str, Any] = {}
        self._kept: dict[str, tuple[Any, Any]] = {}

    def trainer(
        self,
        key: Hashable,
        network: "keras.Model",
        optimizer: Any,
        make: Callable[["keras.Model"], Any],
        rates: bool = False,
    ) -> Any:
        """A trainer of `self.network`, in the state that a new one would be in.

        Args:
            key: equal for trainings that differ in nothing but the seed, factors of L2, the learning rate, and rates.
            network: whose weights and factors it begins with.
            optimizer: a Keras optimiser that has not been used.
            make: compiles a trainer of a network like this one, with this optimiser.
            rates: whether rates of dropout may differ.
        """
        from deeplab.training.shared_numbers import copy_network, share_numbers, take_numbers

        self.holds_another = self.network is not None and self._key != key
        if self.network is None or self._key != key:
            self.network, self._trainer, self._made = None, None, {}  # memory goes before the next one takes any
            # A network of its own: those that were trained before keep their weights.
            own = copy_network(network)
            share_numbers(own, rates)
            self._key, self._trainer, self.network = key, make(own), own
            own.set_weights(network.get_weights())
            return self._trainer
        self.network.set_weights(network.get_weights())
        take_numbers(self.network, network)
        ours = self._trainer.optimizer
        if hasattr(ours, "inner_optimizer"):
            optimizer = type(ours)(optimizer)  # as `compile` wraps it in mixed_float16, to scale the loss
        optimizer.build(self._trainer.trainable_variables)
        for variable, fresh in zip(ours.variables, optimizer.variables, strict=True):
            variable.assign(fresh)
        self._trainer.stop_training = False
        return self._trainer

    def hold(self, network: "keras.Model") -> None:
        """Take a network that is trained without sharing what is compiled, in the place of what was kept."""
        self.holds_another = self.network is not None
        self.network, self._key, self._trainer, self._made = network, None, None, {}

    def made(self, name: str, make: Callable[["keras.Model"], Any]) -> Any:
        """What was made of the network once, for as long as trainings share it."""
        if name not in self._made:
            self._made[name] = make(self.network)
        return self._made[name]

    def kept(self, name: str, key: Any, make: Callable[[], Any]) -> Any:
        """What was made last under this name, if that was with an equal key; otherwise it is made."""
        if name not in self._kept or self._kept[name][0] != key:
            self._kept.pop(name, None)  # its memory goes before the next one takes any
            self._kept[name] = (key, make())
        return self._kept[name][1]
