"""Fine-tuning in stages: each trains some layers, at a learning rate of its own, from where the one before ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deeplab.config.schema import StageConfig
from deeplab.errors import UserError
from deeplab.training.history import Epoch
from deeplab.training.observer import Observer


@dataclass(frozen=True)
class Stage:
    """Some epochs of a training."""

    end: int  # epochs that are done behind it, counted from the beginning of the training
    optimizer: Any  # of Keras, with its schedule, not yet used
    trainable: Mapping[int, bool]  # of each layer by its `id`

    def begin(self, network: Any) -> None:
        """Freeze the layers that it does not train, and unfreeze those that it does."""
        from deeplab.models.inspect import all_layers

        for layer in all_layers(network):
            layer.trainable = self.trainable[id(layer)]


def stages_of(
    configs: Sequence[StageConfig], network: Any, optimizer: Callable[[StageConfig], Any]
) -> tuple[Stage, ...]:
    """The stages of a training.

    Args:
        configs: of the stages, in order.
        network: built; its layers are frozen as its file says.
        optimizer: makes the optimiser of a stage.

    Raises:
        UserError: a stage names a layer that there is not, or trains nothing; or there is no stage, and all is frozen.
    """
    from deeplab.models.inspect import all_layers

    if not configs and not network.trainable_weights:
        raise UserError("model.layers: all layers with weights are frozen, so that nothing would be trained.")
    end, stages = 0, []
    for number, config in enumerate(configs):
        where = f"training.stages[{number}]"
        unfrozen = {id(layer) for layer in _unfrozen(config, network, where)}
        trainable = {id(layer): layer.trainable or id(layer) in unfrozen for layer in all_layers(network)}
        if not any(trainable[id(layer)] for layer in all_layers(network) if layer.weights):
            raise UserError(f"{where} trains nothing: all layers with weights are frozen; `unfreeze` names some.")
        end += config.epochs
        try:
            stages.append(Stage(end, optimizer(config), trainable))
        except UserError as error:  # of a schedule that does not fit its epochs
            raise UserError(f"{where}, of {config.epochs} epochs: {error}") from error
    return tuple(stages)


class Continuing(Observer):
    """Tells an observer of a training that it knows to have begun."""

    def __init__(self, observer: Observer) -> None:
        """Wrap the observer."""
        self._observer = observer

    def step_ended(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Hand on what was told."""
        self._observer.step_ended(epoch, step, metrics)

    def epoch_ended(self, epoch: Epoch) -> None:
        """Hand on what was told."""
        self._observer.epoch_ended(epoch)


def _unfrozen(config: StageConfig, network: Any, where: str) -> Iterator[Any]:
    """The layers that a stage unfreezes; batch normalization is left as it is, unless it is named itself.

    Its mean and variance are those of the rows that it was trained on, and a few steps on others would spoil them
    (Keras' guide to transfer learning).
    """
    import keras

    from deeplab.models.backbones import first_layer
    from deeplab.models.inspect import all_layers, flat_layers

    layers = list(all_layers(network))
    plain = [layer for layer in layers if not isinstance(layer, keras.layers.BatchNormalization)]
    if config.unfreeze_from is not None:
        first = first_layer(layers, config.unfreeze_from, f"{where}.unfreeze_from")
        yield from (layer for layer in layers[first:] if layer in plain)
    elif config.unfreeze == "all":
        yield from plain
    elif config.unfreeze != "none":
        of_backbones = {each.name: list(all_layers(each)) for each in flat_layers(network) if hasattr(each, "layers")}
        for name in config.unfreeze:
            if name in of_backbones:
                yield from (layer for layer in of_backbones[name] if layer in plain)
                continue
            first_layer(layers, name, f"{where}.unfreeze")
            yield from (layer for layer in layers if layer.name == name)
            yield from (layer for layer in plain if layer.name.startswith(f"{name}_"))
