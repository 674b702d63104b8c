"""Fine-tuning in stages: against steps by hand, resumed in any epoch, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import ModelConfig, PlateauConfig, StageConfig
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.build import build
from deeplab.training.checkpoint import Checkpoint, CheckpointSink
from deeplab.training.engine import Engine
from deeplab.training.fit import fit
from deeplab.training.history import Epoch
from deeplab.training.input_pipeline import row_order
from deeplab.training.observer import Observer
from deeplab.training.optimizers import build_optimizer
from deeplab.training.runtime import Runtime
from deeplab.training.setup import TrainingSetup
from deeplab.training.stages import stages_of
from deeplab.training.targets import Targets

INFO = DatasetInfo("pictures", (6, 6, 1), 2, ("left", "right"), "", 1.0)
LAYERS: tuple[dict[str, Any], ...] = (
    {"type": "Conv2D", "filters": 3, "kernel_size": 3, "activation": "relu", "frozen": True},
    {"type": "BatchNormalization", "frozen": True},
    {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu", "frozen": True},
    {"type": "Flatten"},
    {"type": "Dense", "units": "num_classes", "activation": "softmax"},
)
STAGES = (
    StageConfig(epochs=2),
    StageConfig(epochs=1, unfreeze_from="conv2d_2", learning_rate=0.02),
    StageConfig(epochs=2, unfreeze="all", learning_rate=0.01),
)
ROWS, BATCH = 24, 8


def pictures(seed: int = 0) -> Split:
    x = np.random.default_rng(seed).random((ROWS, 6, 6, 1), np.float32)
    return Split.whole(x, (x[:, 0, 0, 0] > 0.5).astype(np.int32))


def setup_of(engine: Engine, layers: tuple[dict[str, Any], ...] = LAYERS) -> TrainingSetup:
    network = build(ModelConfig("mine", "classification", layers, {}), INFO, seed=0)
    return TrainingSetup(
        network=network,
        optimizer=None,  # type: ignore[arg-type]
        splits=None,  # type: ignore[arg-type]
        train=pictures(),
        validation=pictures(1),
        runtime=Runtime("cpu", "", 1, True),
        engine=engine,
        targets=Targets("classification", INFO),
        overlap={},
        notes=(),
        input_spec=lambda: None,  # type: ignore[arg-type,return-value]
        stages=stages_of(STAGES, network, lambda stage: keras.optimizers.SGD(stage.learning_rate or 0.1, momentum=0.9)),
    )


def config() -> Any:
    training = compose([]).config.training
    return replace(training, epochs=5, batch_size=BATCH, stages=STAGES, checkpoint_seconds=0.0)


ENGINES = [Engine("keras", False, ""), Engine("compiled", False, ""), Engine("compiled", True, "")]


@pytest.fixture(
    scope="module",
    params=[*ENGINES[:2], pytest.param(ENGINES[2], marks=[pytest.mark.slow, pytest.mark.long])],
    ids=str,
)
def whole(request: pytest.FixtureRequest) -> tuple[Engine, TrainingSetup, list[Checkpoint]]:
    states: list[Checkpoint] = []
    setup = setup_of(request.param)
    fit(setup, config(), 7, sink=CheckpointSink(states.append))
    return request.param, setup, states


def test_stages_are_those_of_plain_keras(whole: tuple[Engine, TrainingSetup, list[Checkpoint]]) -> None:
    network = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    network.set_weights(setup_of(whole[0]).network.get_weights())
    rows, epoch = pictures(), 0
    first, normalization, second, _, _ = network.layers
    normalization.trainable = False
    for epochs, rate, frozen in ((2, 0.1, (first, second)), (1, 0.02, (first,)), (2, 0.01, ())):
        for layer in (first, second):
            layer.trainable = layer not in frozen
        network.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy")
        for _ in range(epochs):
            order = row_order(7, epoch, ROWS)
            for start in range(0, ROWS, BATCH):
                chosen = order[start : start + BATCH]
                network.train_on_batch(rows.x[chosen], rows.y[chosen])
            epoch += 1
    for ours, theirs in zip(whole[1].network.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_each_stage_has_its_learning_rate_and_trains_its_layers(
    whole: tuple[Engine, TrainingSetup, list[Checkpoint]],
) -> None:
    states = whole[2]
    rates = [epoch.metrics["learning_rate"] for epoch in states[-1].history.epochs]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.02, 0.01, 0.01], rtol=1e-6)
    weights = [setup_of(whole[0]).network.get_weights(), *(state.weights for state in states)]
    moved = [
        [not np.array_equal(one[index], other[index]) for index in (0, 2, 6, 8)]  # kernels, and gamma
        for one, other in pairwise(weights)
    ]
    assert moved == [[False, False, False, True]] * 2 + [[False, False, True, True]] + [[True, False, True, True]] * 2


def test_resumed_from_any_epoch_it_ends_in_the_same_to_the_bit(
    whole: tuple[Engine, TrainingSetup, list[Checkpoint]],
) -> None:
    engine, setup, states = whole
    expected = setup.network.get_weights()
    assert [state.epoch for state in states] == [1, 2, 3, 4, 5]
    for state in (*states[:2], *states[3:]):  # inside a stage, between two, in the last, and when all is done
        again = setup_of(engine)
        last = fit(again, config(), 7, resume_from=state)
        assert all(np.array_equal(*pair) for pair in zip(again.network.get_weights(), expected, strict=True))
        assert [epoch.metrics["train/loss"] for epoch in last.history.epochs] == [
            epoch.metrics["train/loss"] for epoch in states[-1].history.epochs
        ]


def test_a_plateau_begins_anew_in_each_stage() -> None:
    # Nothing gets better by so much: the rate is halved after each second epoch of a stage.
    plateau = PlateauConfig(kind="plateau", factor=0.5, patience=2, min_delta=1e9, min_learning_rate=0.0)
    stages = (StageConfig(epochs=2), StageConfig(epochs=3))
    setup = setup_of(ENGINES[0])
    made = stages_of(stages, setup.network, lambda _: keras.optimizers.SGD(0.1))
    last = fit(replace(setup, stages=made, plateau=plateau), replace(config(), stages=stages), 7)
    rates = [epoch.metrics["learning_rate"] for epoch in last.history.epochs]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.1, 0.1, 0.1], rtol=1e-6)


def test_one_that_early_stopping_has_ended_in_a_stage_is_resumed_as_it_was() -> None:
    def stopping() -> TrainingSetup:  # nothing gets better at this rate
        setup = setup_of(ENGINES[0])
        return replace(setup, stages=stages_of(STAGES, setup.network, lambda _: keras.optimizers.SGD(1e-30)))

    states: list[Checkpoint] = []
    patient = replace(config(), early_stopping_patience=2, restore_best_weights=True)
    setup, again = stopping(), stopping()
    assert fit(setup, patient, 7, sink=CheckpointSink(states.append)).epoch == 3  # the first is the best
    again.network.set_weights([array + 1 for array in again.network.get_weights()])
    assert fit(again, patient, 7, resume_from=states[-1]).epoch == 3
    assert all(
        np.array_equal(*pair) for pair in zip(again.network.get_weights(), setup.network.get_weights(), strict=True)
    )


def test_observers_are_told_once_that_it_begins() -> None:
    told: list[Any] = []

    class Watching(Observer):
        def training_began(self, epochs: int, steps_per_epoch: int) -> None:
            told.append((epochs, steps_per_epoch))

        def step_ended(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
            if step == ROWS // BATCH:
                told.append(epoch)

        def epoch_ended(self, epoch: Epoch) -> None:
            told.append(epoch.number)

    fit(setup_of(ENGINES[0]), config(), 7, observers=[Watching()])
    assert told == [(5, 3), 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


@pytest.mark.parametrize(
    ("stage", "frozen"),
    [
        (StageConfig(epochs=1), ["conv2d_1", "batch_normalization_1", "conv2d_2"]),
        (StageConfig(epochs=1, unfreeze=("conv2d_1",)), ["batch_normalization_1", "conv2d_2"]),
        (StageConfig(epochs=1, unfreeze=("batch_normalization_1", "conv2d_2")), ["conv2d_1"]),
        (StageConfig(epochs=1, unfreeze_from="batch_normalization_1"), ["conv2d_1", "batch_normalization_1"]),
        (StageConfig(epochs=1, unfreeze="all"), ["batch_normalization_1"]),
    ],
)
def test_what_a_stage_unfreezes(stage: StageConfig, frozen: list[str]) -> None:
    network = setup_of(ENGINES[0]).network
    (made,) = stages_of([stage], network, lambda _: None)
    made.begin(network)
    assert [layer.name for layer in network.layers if not layer.trainable] == frozen


@pytest.mark.parametrize(
    ("stages", "line"),
    [
        ([{"epochs": 2}], "training: the stages have 2 epochs together, and training.epochs is 5."),
        ([{"epochs": 5, "unfreeze": "some"}], "training.stages[0].unfreeze: must be none or all or a list"),
        ([{"epochs": 5, "lr": 1}], "Unknown key 'lr' in training.stages[0]. Known: epochs, learning_rate, unfreeze"),
        ([{"epochs": 0}], "training.stages[0].epochs: must be greater than 0"),
        ([{"epochs": 5, "learning_rate": 0}], "training.stages[0].learning_rate: must be greater than 0"),
        ([{"epochs": 5, "unfreeze": "all", "unfreeze_from": "a"}], "a stage has unfreeze or unfreeze_from, not both"),
    ],
)
def test_stages_that_cannot_be_are_one_line(stages: list[dict[str, Any]], line: str) -> None:
    given = str(stages).replace("'", "")
    with pytest.raises(UserError) as error:
        compose(["training.epochs=5", f"training.stages={given}"])
    assert line in str(error.value).replace("'none' or 'all'", "none or all")


def test_a_schedule_that_does_not_fit_a_stage_is_refused_before_anything_is_trained() -> None:
    composed = compose(["schedule=cosine", "schedule.warmup_epochs=2"]).config

    def optimizer(stage: StageConfig) -> Any:
        training = replace(composed.training, epochs=stage.epochs)
        return build_optimizer(composed.optimizer, composed.schedule, training, steps_per_epoch=3)

    network = setup_of(ENGINES[0]).network
    with pytest.raises(
        UserError, match=r"training.stages\[1\], of 2 epochs: schedule.warmup_epochs: must be less than"
    ):
        stages_of([StageConfig(epochs=3), StageConfig(epochs=2)], network, optimizer)


def test_layers_that_there_are_not_and_stages_that_train_nothing_are_refused() -> None:
    network = setup_of(ENGINES[0]).network
    with pytest.raises(UserError, match=r"Unknown layer 'conv2d_9' in training.stages\[0\].unfreeze"):
        stages_of([StageConfig(epochs=1, unfreeze=("conv2d_9",))], network, lambda _: None)
    frozen = build(
        ModelConfig("mine", "classification", (*LAYERS[:-1], {**LAYERS[-1], "frozen": True}), {}), INFO, seed=0
    )
    with pytest.raises(UserError, match=r"training.stages\[1\] trains nothing"):
        stages_of([StageConfig(epochs=1, unfreeze="all"), StageConfig(epochs=1)], frozen, lambda _: None)
