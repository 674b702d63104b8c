"""Check a configuration without training: on shapes alone, and with data that are loaded once for many."""

import json
from dataclasses import dataclass

from deeplab.code.file import blaming
from deeplab.config.schema import ExperimentConfig
from deeplab.data.add_noise import add_noise
from deeplab.data.hold_out import hold_out
from deeplab.data.splits import Splits
from deeplab.errors import UserError
from deeplab.models.check_layers import check_layers
from deeplab.training.engine import WORTHWHILE_STEPS
from deeplab.workflows.prepare import engine_for


@dataclass(frozen=True)
class PointCheck:
    """What a run would be."""

    engine: str  # as its tag would have it
    parameters: int  # number of weights
    fingerprint: str  # of the data set, and of its own validation rows where they are used
    has_accuracy: bool = True  # whether it is scored by one
    initial_weights: str | None = None  # id of the run that it begins with the weights of, or None
    steps: int = 0  # that it would take
    in_blocks: str = ""  # the engine that `auto` would take if compiling cost nothing


@blaming(UserError)
def check(config: ExperimentConfig, splits: Splits, networks: dict[str, int]) -> PointCheck:
    """Build a network on shapes alone, and check everything else that does not need it.

    Args:
        config: of the run.
        splits: its data set.
        networks: the parameters of those that have been found sound on this data set; this one is added.

    Raises:
        UserError: anything that would keep the training from beginning.
    """
    check_layers(config.model.layers, config.model.blocks)
    splits = add_noise(splits, config.noise, config.seed)
    train, validation = hold_out(splits, config.validation, config.seed)
    # Here, because they import TensorFlow.
    from deeplab.models.build import check_network
    from deeplab.training.check_config import check_fits, check_schedule
    from deeplab.training.optimizers import build_optimizer
    from deeplab.training.runtime import find_device
    from deeplab.training.targets import Targets

    check_fits(config.training, train, validation, Targets(config.model.task, splits.info))
    check_schedule(config.schedule, config.optimizer.learning_rate, validation)
    # A factor of the weight decay, checked above, changes no shape.
    layers = [{key: value for key, value in layer.items() if key != "l2"} for layer in config.model.layers]
    shapes = json.dumps([config.model.task, layers, config.model.blocks])
    if shapes not in networks:
        networks[shapes] = check_network(config.model, splits.info)
    steps_per_epoch = -(-len(train) // config.training.batch_size)
    build_optimizer(config.optimizer, config.schedule, config.training, steps_per_epoch)
    engine = engine_for(config, find_device(config.training.device), len(train))
    in_blocks = engine_for(config, find_device(config.training.device), len(train), trainings=WORTHWHILE_STEPS)
    has_accuracy = config.model.task != "reconstruction" and bool(splits.info.num_classes)
    given = f" {splits.validation_fingerprint()}" if config.validation.kind == "given" else ""
    return PointCheck(
        engine=str(engine),
        parameters=networks[shapes],
        fingerprint=f"{splits.info.fingerprint}{given}",
        has_accuracy=has_accuracy,
        steps=steps_per_epoch * config.training.epochs,
        in_blocks=str(in_blocks),
    )
