"""How steps are made of gradients: as plain Keras makes them, in every engine, resumed or not, alone or in a worker."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from deeplab.config.compose import compose
from deeplab.data.splits import Split
from deeplab.training.cache import TrainingCache
from deeplab.training.checkpoint import Checkpoint, CheckpointSink, from_bytes, to_bytes
from deeplab.training.engine import Engine
from deeplab.training.fit import fit
from deeplab.training.history import Epoch
from deeplab.training.input_pipeline import row_order
from deeplab.training.observer import Observer
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.cache_key import cache_key
from deeplab.workflows.prepare import prepare

pytestmark = pytest.mark.slow

ENGINES = {"keras": Engine("keras", False, ""), "xla": Engine("compiled", True, "")}
EPOCHS, BATCH = 3, 16  # 90 rows to train on: five whole batches, and one of ten rows
SMALL = (
    *("dataset=digits", "dataset.image_size=8", "dataset.limit=100", "validation.fraction=0.1", "model=mlp_64_64"),
    "model.layers=[{type: Flatten},{type: Dense, units: 12, activation: relu},"
    "{type: Dense, units: num_classes, activation: softmax}]",
    *(f"training.batch_size={BATCH}", f"training.epochs={EPOCHS}"),
)
RATE = 0.02

# Overrides, Keras' optimiser, and its arguments beside the learning rate.
CASES: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "nadam": (["optimizer=nadam"], "Nadam", {}),
    "lion": (["optimizer=lion", "optimizer.weight_decay=0.1"], "Lion", {"beta_2": 0.99, "weight_decay": 0.1}),
    "adafactor": (["optimizer=adafactor"], "Adafactor", {"epsilon_1": 1e-16}),
    "muon": (["optimizer=muon"], "Muon", {"exclude_layers": ["dense_2"]}),
    "clip_norm": (["optimizer=sgd", "training.clip_norm=0.05"], "SGD", {"clipnorm": 0.05}),
    "clip_global_norm": (["optimizer=sgd", "training.clip_global_norm=0.05"], "SGD", {"global_clipnorm": 0.05}),
    "clip_value": (["optimizer=sgd", "training.clip_value=0.001"], "SGD", {"clipvalue": 0.001}),
    "accumulate": (["optimizer=adam", "training.accumulate=4"], "Adam", {"gradient_accumulation_steps": 4}),
    "ema": (["optimizer=adam", "training.ema=0.9"], "Adam", {"use_ema": True, "ema_momentum": 0.9}),
    "all": (
        ["optimizer=muon", "training.ema=0.8", "training.accumulate=2", "training.clip_global_norm=0.1"],
        "Muon",
        {
            **{"use_ema": True, "ema_momentum": 0.8, "gradient_accumulation_steps": 2, "global_clipnorm": 0.1},
            "exclude_layers": ["dense_2"],
        },
    ),
    "plateau": (
        ["optimizer=sgd", "schedule=plateau", "schedule.patience=1", "schedule.min_delta=0.5", "schedule.factor=0.2"],
        "SGD",
        {},
    ),
}
Results = tuple[list[float], list[NDArray[Any]]]


def prepared(case: str, engine: str, *more: str) -> tuple[TrainingSetup, Any]:
    composed = compose([*SMALL, *CASES[case][0], f"optimizer.learning_rate={RATE}", *more])
    setup = replace(prepare(composed.config, Path()), engine=ENGINES[engine])
    return replace(setup, cache_key=cache_key(composed.values, setup)), composed.config


def results(checkpoint: Checkpoint, network: keras.Model) -> Results:
    history = checkpoint.history
    numbers = [value for name in ("train/loss", "val/loss", "learning_rate") for value in history.values(name)]
    return numbers, network.get_weights()


def trained(case: str, engine: str, *more: str, cache: TrainingCache | None = None) -> Results:
    setup, config = prepared(case, engine, *more)
    return results(fit(setup, config.training, config.seed, cache=cache), setup.network)


def equal(ours: Results, theirs: Results) -> bool:
    return ours[0] == theirs[0] and all(np.array_equal(a, b) for a, b in zip(ours[1], theirs[1], strict=True))


def plain_keras(case: str) -> Results:
    """What Keras' own `fit` makes of the same rows in the same order, from the same weights."""
    setup, config = prepared(case, "keras")

    def arrays(split: Split) -> tuple[NDArray[Any], NDArray[Any]]:
        return split.inputs(slice(None)).astype(np.float32), np.eye(10, dtype=np.float32)[split.labels]

    x, y = arrays(setup.train)

    def batches() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for epoch in range(EPOCHS):
            order = row_order(config.seed, epoch, len(x))
            for start in range(0, len(x), BATCH):
                yield x[order[start : start + BATCH]], y[order[start : start + BATCH]]

    _, name, arguments = CASES[case]
    callbacks: list[Any] = [keras.callbacks.SwapEMAWeights()] if arguments.get("use_ema") else []
    if case == "plateau":
        callbacks = [keras.callbacks.ReduceLROnPlateau(patience=1, min_delta=0.5, factor=0.2)]
    network = setup.network
    network.compile(getattr(keras.optimizers, name)(RATE, **arguments), "categorical_crossentropy")
    steps = -(-len(x) // BATCH)
    done = network.fit(
        batches(),
        **{"epochs": EPOCHS, "steps_per_epoch": steps, "shuffle": False, "callbacks": callbacks, "verbose": 0},
        validation_data=arrays(setup.validation) if setup.validation else None,
    ).history
    rates = done.get("learning_rate", [RATE] * EPOCHS)
    return [*done["loss"], *done["val_loss"], *map(float, rates)], network.get_weights()


@pytest.mark.parametrize("case", CASES)
def test_every_engine_trains_as_plain_keras_does(case: str) -> None:
    theirs = plain_keras(case)
    for engine in ENGINES:
        ours = trained(case, engine)
        assert ours[0] == pytest.approx(theirs[0], rel=1e-4), engine
        for mine, its in zip(ours[1], theirs[1], strict=True):
            assert mine == pytest.approx(its, rel=1e-3, abs=1e-5), engine


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[] if case in ("all", "plateau") else pytest.mark.long) for case in CASES]
)
def test_what_goes_on_from_a_checkpoint_is_the_same_to_the_bit(case: str, engine: str) -> None:
    setup, config = prepared(case, engine)
    kept: list[bytes] = []
    training = replace(config.training, checkpoint_seconds=0)
    undisturbed = fit(
        setup, training, config.seed, sink=CheckpointSink(lambda checkpoint: kept.append(to_bytes(checkpoint)))
    )
    assert len(kept) == EPOCHS
    again, _ = prepared(case, engine)
    resumed = fit(again, training, config.seed, resume_from=from_bytes(kept[0]))
    assert equal(results(resumed, again.network), results(undisturbed, setup.network))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "case", ["all", "plateau", *(pytest.param(case, marks=pytest.mark.long) for case in ("nadam", "adafactor", "muon"))]
)
def test_a_worker_s_second_training_is_the_one_alone_to_the_bit(case: str, engine: str) -> None:
    cache = TrainingCache()
    trained(case, engine, "optimizer.learning_rate=0.5", cache=cache)
    compiled = cache.network
    second = trained(case, engine, "seed=3", "optimizer.learning_rate=0.01", cache=cache)
    assert cache.network is compiled
    assert equal(second, trained(case, engine, "seed=3", "optimizer.learning_rate=0.01", cache=TrainingCache()))


@pytest.mark.parametrize("engine", ENGINES)
def test_to_look_at_averages_changes_nothing_that_is_trained(engine: str) -> None:
    setup, config = prepared("ema", engine)
    losses = fit(replace(setup, validation=None), config.training, config.seed).history.values("train/loss")
    assert losses == trained("ema", engine)[0][:EPOCHS]
    # Nor do averages change what is trained: the last validation alone is of other weights.
    without, _ = trained("ema", engine, "training.ema=null")
    assert losses == without[:EPOCHS]
    assert trained("ema", engine)[0][-1 - EPOCHS] != without[-1 - EPOCHS]


def test_a_worker_s_second_training_of_16_bits_is_the_one_alone_to_the_bit() -> None:
    """The loss is scaled then, by an optimiser around ours, whose state begins anew, too."""
    cache, more = TrainingCache(), ("training.precision=mixed_float16", "schedule=plateau", "schedule.patience=1")
    first = trained("all", "keras", *more, cache=cache)
    assert equal(trained("all", "keras", *more, cache=cache), first)
    assert np.isfinite(first[0]).all()


class Look(Observer):
    """Keeps the weights at the end of each epoch, and stops as Ctrl-C does within an epoch."""

    def __init__(self, stop: tuple[int, int] | None = None) -> None:
        self.stop, self.seen = stop, []  # type: tuple[int, int] | None, list[list[NDArray[Any]]]

    def network_ready(self, network: Any) -> None:
        self.network = network

    def step_ended(self, epoch: int, step: int, metrics: Any) -> None:
        if self.stop is not None and (epoch, step) >= self.stop:
            raise KeyboardInterrupt

    def epoch_ended(self, epoch: Epoch) -> None:
        self.seen.append(self.network.get_weights())


def test_averages_are_what_is_seen_kept_as_the_best_and_left_by_an_end() -> None:
    setup, config = prepared("ema", "keras")
    look, checkpoints = Look(), []
    training = replace(config.training, checkpoint_seconds=0, restore_best_weights=True)
    fit(setup, training, config.seed, observers=[look], sink=CheckpointSink(checkpoints.append))
    for weights, checkpoint in zip(look.seen, checkpoints, strict=True):
        averages = checkpoint.optimizer[2 : 2 + len(weights)]
        assert all(np.array_equal(a, b) for a, b in zip(weights, averages, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(weights, checkpoint.weights, strict=True))
    best = int(np.argmin(checkpoints[-1].history.values("val/loss")))
    assert all(np.array_equal(a, b) for a, b in zip(setup.network.get_weights(), look.seen[best], strict=True))

    ended, _ = prepared("ema", "keras", "training.ema=0.999999")
    start = ended.network.get_weights()
    with pytest.raises(KeyboardInterrupt):
        fit(ended, config.training, config.seed, observers=[Look(stop=(2, 4))])
    # The average of so slow a momentum is where the first step led to.
    for before, after in zip(start, ended.network.get_weights(), strict=True):
        assert np.abs(after - before).max() < 1.01 * RATE
    with pytest.raises(KeyboardInterrupt):
        fit(prepared("ema", "keras")[0], config.training, config.seed, observers=[Look(stop=(1, 0))])


def test_a_gradient_of_zeros_moves_nothing_under_adafactor() -> None:
    """Pixels that are always black and units that are off: Keras' own epsilon makes numbers of them that are none."""
    setup, _ = prepared("adafactor", "keras")
    gradient = np.full((4, 4), 1e-3, np.float32)
    gradient[0], gradient[:, 0] = 0, 0
    for optimizer, is_sound in ((setup.optimizer, True), (keras.optimizers.Adafactor(), False)):
        weights = keras.Variable(np.ones((4, 4), np.float32))
        optimizer.apply([gradient], [weights])
        assert np.isfinite(weights.numpy()).all() == is_sound
