"""Train a network with Keras' own loop, and tell the observers how it goes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from deeplab.config.schema import TrainingConfig
from deeplab.models.inspect import evaluation_batch_size, multiplications
from deeplab.training.block_model import BlockModel
from deeplab.training.cache import TrainingCache
from deeplab.training.callbacks import CheckpointCallback, EpochCallback
from deeplab.training.checkpoint import Checkpoint, CheckpointSink
from deeplab.training.engine import steps_per_block
from deeplab.training.features import frozen_front
from deeplab.training.input_pipeline import (
    EpochPermutation,
    ExampleLookup,
    block_sizes,
    load_blocks,
    single_batches,
    validation_batches,
)
from deeplab.training.losses import build_loss, class_weights
from deeplab.training.observer import Observer
from deeplab.training.random_numbers import drawing
from deeplab.training.replicas import ReplicaModel
from deeplab.training.setup import TrainingSetup
from deeplab.training.stages import Continuing
from deeplab.training.validation_scores import ValidationScores
from deeplab.training.watchers import watchers
from deeplab.training.weight_averages import WeightAverages


def fit(
    setup: TrainingSetup,
    config: TrainingConfig,
    seed: int,
    *,
    observers: Sequence[Observer] = (),
    resume_from: Checkpoint | None = None,
    sink: CheckpointSink | None = None,
    cache: TrainingCache | None = None,
) -> Checkpoint:
    """Train the weights of a network in place, stage by stage where there are stages.

    A stage begins with the weights of the one before, and what early stopping knows, and an optimiser of its own.

    Args:
        setup: the network, a plain model that is not compiled and stays so; the rows, whose order in an epoch depends
            on (seed, epoch) alone; an optimiser that has not been used; and the engine that runs the steps.
        config: epochs, batch size, loss and what stops the training.
        seed: of the order of rows and of what layers draw.
        observers: told of every step and epoch, in this order.
        resume_from: where to go on from, or None to begin.
        sink: takes a checkpoint every `config.checkpoint_every` epochs, and those to keep; or None.
        cache: keeps compiled blocks from one training of this process to the next, or None.

    Returns:
        The state after the last epoch, the history of all epochs in it.

    Raises:
        RunError: the loss is no longer a number.
    """

    def train(setup: TrainingSetup, told: Sequence[Observer], state: Checkpoint | None) -> Checkpoint:
        frozen = frozen_front(setup)
        if frozen is None and setup.end is None:
            return _fit(setup, config, seed, told, state, sink, cache)
        if cache is not None:
            cache.hold(setup.network)  # what is compiled is of a stage alone, or of a part of the network
        if frozen is None:
            return _fit(setup, config, seed, told, state, sink, None)
        if state is not None:
            setup.network.set_weights(state.weights)  # those in front may be others than it was built with
        on_features, begin = frozen.setup(setup, cache), frozen.narrowed(state)
        return frozen.widened(_fit(on_features, config, seed, told, begin, frozen.sink(sink), None))

    if not setup.stages:
        return train(setup, observers, resume_from)
    state, told, begin = resume_from, observers, 0
    for stage in setup.stages:
        # The last is also begun where all is done: the network is to have its weights.
        if state is None or state.epoch < stage.end or stage is setup.stages[-1]:
            stage.begin(setup.network)
            if state is not None and state.epoch == begin:
                state = replace(state, optimizer=(), plateau={})
            state = train(replace(setup, optimizer=stage.optimizer, end=stage.end), told, state)
            told = [Continuing(observer) for observer in observers]
            if state.stopped:
                break
        begin = stage.end
    assert state is not None
    return state


def _fit(
    setup: TrainingSetup,
    config: TrainingConfig,
    seed: int,
    observers: Sequence[Observer],
    resume_from: Checkpoint | None,
    sink: CheckpointSink | None,
    cache: TrainingCache | None,
) -> Checkpoint:
    network, train, validation, targets = setup.network, setup.train, setup.validation, setup.targets
    optimizer, engine, replicas = setup.optimizer, setup.engine, setup.runtime.strategy
    weights = class_weights(config, train.labels, targets.info.num_classes)
    look_up = ExampleLookup(train, targets.for_split(train), weights, setup.fresh_noise)
    order = EpochPermutation(train, seed)
    size, full = config.batch_size, len(train) // config.batch_size
    by_one = engine.kind == "keras"
    steps = 1 if by_one else steps_per_block(multiplications(network), train.x[0].nbytes, size, full)
    sizes = block_sizes(len(train), size, steps)
    data = order.blocks(size, sizes)

    def compiled(trainer: Any) -> Any:
        trainer.compile(
            optimizer=optimizer,
            loss=build_loss(config, targets.info.targets),
            metrics=targets.metrics(config.metrics),
            jit_compile=False,  # blocks compile themselves; without blocks XLA gains nothing
        )
        trainer.optimizer.build(trainer.trainable_variables)
        return trainer

    # One iterator goes through all epochs where nothing is read ahead: to make one takes as long as a small epoch.
    is_endless = engine.kind == "compiled" and look_up.in_memory

    def make(net: keras.Model) -> Any:
        if replicas is not None:
            return compiled(ReplicaModel(net, replicas)).measuring(*look_up(tf.range(1)))
        if engine.kind == "keras":
            # A second model over the same layers is compiled, so that the network itself stays plain and small to save.
            return compiled(keras.Model(net.inputs, net.outputs, name=net.name))
        return compiled(BlockModel(net, engine.xla, look_up if look_up.in_memory else lambda *contents: contents))

    # In 16 bits XLA rounds a number that it knows otherwise than one that it is given.
    shares_rates = config.randomness == "splitmix" and config.precision == "float32"
    cache = cache or (None if replicas is None else TrainingCache())  # it copies the network, to where replicas are
    with setup.runtime.scope():
        trainer = cache.trainer(setup.cache_key, network, optimizer, make, shares_rates) if cache else make(network)
    trained = network if cache is None or cache.network is None else cache.network
    if engine.kind == "keras":
        data = single_batches(data, look_up)
    else:
        data = data.repeat() if is_endless else load_blocks(data, look_up)
    loop = EpochCallback(
        trained, config.epochs, sizes, order, look_up, observers, resume_from.history.epochs if resume_from else ()
    )
    scores = ValidationScores(trained, validation, targets, config.metrics, cache)
    averaging = [] if config.ema is None else [WeightAverages()]
    watching = watchers(config, setup.plateau)
    keeper = CheckpointCallback(
        loop.history,
        watching,
        resume_from,
        config.checkpoint_every,
        config.checkpoint_seconds,
        sink or CheckpointSink(lambda _: None),
    )
    done = len(loop.epochs)
    try:
        with drawing(config.randomness):
            trainer.fit(
                data,
                steps_per_epoch=len(sizes) if is_endless else None,
                validation_data=None
                if validation is None
                else validation_batches(validation, targets.for_split(validation), evaluation_batch_size(network)),
                initial_epoch=done,
                epochs=done if resume_from and resume_from.stopped else max(done, setup.end or config.epochs),
                shuffle=False,  # the order is ours
                callbacks=[
                    *averaging,
                    scores,
                    loop,
                    *watching.values(),
                    *(each.taken_out() for each in averaging),
                    keeper,
                ],
                verbose=0,
            )
    except BaseException:
        for averages in averaging:
            averages.put_in()  # what a run that ended early leaves is what it validated
        raise
    finally:
        if trained is not network:
            network.set_weights(trained.get_weights())
    assert keeper.last is not None
    return keeper.last
