"""Everything before the first step: the data, the process, the network, each checked."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deeplab.code.file import blaming, declared
from deeplab.config.schema import AddedNoiseConfig, ExperimentConfig, PlateauConfig, StageConfig
from deeplab.data.add_noise import add_noise
from deeplab.data.hold_out import hold_out
from deeplab.data.input_spec import describe_inputs
from deeplab.data.load import load
from deeplab.data.standardize import standardize
from deeplab.data.tables.missing import fill_splits
from deeplab.errors import UserError
from deeplab.models.check_layers import check_layers
from deeplab.models.expand import expand_layers, groups_of
from deeplab.tracking.run import Run
from deeplab.tracking.tags import DEVICE_TAG, ENGINE_TAG
from deeplab.training.cache import TrainingCache
from deeplab.training.engine import Engine, choose_engine
from deeplab.training.runtime import prepare_runtime
from deeplab.training.setup import TrainingSetup
from deeplab.training.stages import stages_of
from deeplab.workflows.data_notes import data_notes, overlaps

if TYPE_CHECKING:
    import keras


@blaming(UserError)
def prepare(
    config: ExperimentConfig, work_folder: Path, outlined: bool = False, cache: TrainingCache | None = None
) -> TrainingSetup:
    """Load the data and build the network.

    Args:
        config: of the run.
        work_folder: where decoded images are kept.
        outlined: the network is to be looked at, not trained; its weights take no memory.
        cache: keeps the data from one training of this process to the next, or None.

    Raises:
        UserError: anything that keeps the training from beginning.
    """
    check_layers(config.model.layers, config.model.blocks)
    cache = cache or TrainingCache()
    read = cache.kept("data", config.dataset, lambda: load(config.dataset, work_folder))
    splits = add_noise(read, config.noise, config.seed)
    train, validation = hold_out(splits, config.validation, config.seed)
    if getattr(config.dataset, "missing", "") == "impute":
        splits, train, validation = fill_splits(splits, train, validation)
    by_inputs = getattr(config.dataset, "standardize", False)
    if by_inputs or config.training.standardize_targets:
        info = standardize(splits.info, train, by_inputs, config.training.standardize_targets, splits.table)
        splits = replace(splits, info=info)
    runtime = prepare_runtime(config.training, config.seed)
    # Here, because they import TensorFlow, which takes seconds that a mistake above need not cost.
    from deeplab.models.build import build, outline
    from deeplab.models.inspect import output_layer
    from deeplab.training.check_config import check_fits, check_schedule
    from deeplab.training.optimizers import build_optimizer
    from deeplab.training.targets import Targets

    targets = Targets(config.model.task, splits.info)
    check_fits(config.training, train, validation, targets)
    check_schedule(config.schedule, config.optimizer.learning_rate, validation)
    network = outline(config.model, splits.info) if outlined else build(config.model, splits.info, config.seed)
    steps_per_epoch = -(-len(train) // config.training.batch_size)

    def optimizer_of(stage: StageConfig) -> "keras.optimizers.Optimizer":
        rate = config.optimizer.learning_rate if stage.learning_rate is None else stage.learning_rate
        with runtime.scope():
            return build_optimizer(
                replace(config.optimizer, learning_rate=rate),
                config.schedule,
                replace(config.training, epochs=stage.epochs, stages=()),
                steps_per_epoch,
                output_layer(network),
            )

    engine = engine_for(config, runtime.device, len(train))
    used = [part.rows.tobytes() for part in (train, validation) if part is not None]
    overlap = cache.kept("overlap", (config.dataset, used), lambda: overlaps(splits, train, validation))
    notes = (*splits.notes, *data_notes(splits, train, validation, overlap, config.validation.kind))
    return TrainingSetup(
        network=network,
        optimizer=optimizer_of(StageConfig(epochs=config.training.epochs)),
        splits=splits,
        train=train,
        validation=validation,
        runtime=runtime,
        engine=engine,
        targets=targets,
        overlap=overlap,
        notes=notes,
        input_spec=lambda: cache.kept(
            "input_spec", (config.dataset, splits.info, splits.table), lambda: describe_inputs(splits)
        ),
        groups=groups_of(config.model.layers, config.model.blocks),
        stages=stages_of(config.training.stages, network, optimizer_of),
        fresh_noise=isinstance(config.noise, AddedNoiseConfig) and config.noise.fresh,
        plateau=config.schedule if isinstance(config.schedule, PlateauConfig) else None,
    )


def engine_for(config: ExperimentConfig, device: str, rows: int, trainings: int = 1) -> Engine:
    """The engine of a configuration.

    Args:
        config: of the run.
        device: `cpu`, or `gpu:0` and so on.
        rows: to train on.
        trainings: that share what is compiled.
    """
    steps = -(-rows // config.training.batch_size) * config.training.epochs * trainings
    kinds = [entry.kind for entry in expand_layers(config.model.layers, config.model.blocks)]
    own_code = config.training.loss in declared("loss") or not declared("layer").keys().isdisjoint(kinds)
    return choose_engine(config.training.engine, kinds, device, steps, own_code)


def engine_of_run(run: Run, setup: TrainingSetup) -> Engine:
    """The engine of a run, so that it goes on or is repeated to the bit; on another device that of the setup."""
    name, device = run.tags.get(ENGINE_TAG), run.tags.get(DEVICE_TAG, "").split()
    return setup.engine if name is None or device[:1] != [setup.runtime.device] else Engine.named(name)
