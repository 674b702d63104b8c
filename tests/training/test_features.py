"""Features of frozen layers, computed once: the same training as without, resumed, shared, and where there are none."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from tests.training.test_stages import INFO, LAYERS, pictures

from deeplab.config.compose import compose
from deeplab.config.schema import ModelConfig
from deeplab.models.build import build
from deeplab.training import fit as fit_module
from deeplab.training.cache import TrainingCache
from deeplab.training.checkpoint import Checkpoint, CheckpointSink
from deeplab.training.engine import Engine
from deeplab.training.features import frozen_front
from deeplab.training.fit import fit
from deeplab.training.runtime import Runtime
from deeplab.training.setup import TrainingSetup
from deeplab.training.targets import Targets

DROPOUT: dict[str, Any] = {"type": "Dropout", "rate": 0.3}
NETWORK = (*LAYERS[:3], DROPOUT, *LAYERS[3:])
CONFIG = replace(compose([]).config.training, epochs=3, batch_size=8, checkpoint_seconds=0.0, restore_best_weights=True)


def setup_of(layers: tuple[dict[str, Any], ...] = NETWORK, seed: int = 0, **changes: Any) -> TrainingSetup:
    given = {
        "network": build(ModelConfig("mine", "classification", layers, {}), INFO, seed),
        "optimizer": keras.optimizers.Adam(0.01),
        "splits": None,
        "train": pictures(),
        "validation": pictures(1),
        "runtime": Runtime("cpu", "", 1, True),
        "engine": Engine("compiled", False, ""),
        "targets": Targets("classification", INFO),
        "overlap": {},
        "notes": (),
        "input_spec": lambda: None,
        "cache_key": "mine",
    }
    return TrainingSetup(**{**given, **changes})


def losses(state: Checkpoint) -> list[float]:
    return [epoch.metrics[f"{part}/loss"] for epoch in state.history.epochs for part in ("train", "val")]


@pytest.mark.parametrize("engine", [Engine("keras", False, ""), Engine("compiled", False, "")], ids=str)
def test_it_is_the_same_training_as_step_by_step_through_all_layers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_dropout = setup_of(LAYERS, engine=engine)
    by_features = fit(without_dropout, CONFIG, 7)
    assert frozen_front(setup_of(LAYERS)) is not None
    monkeypatch.setattr(fit_module, "frozen_front", lambda _: None)
    plain = setup_of(LAYERS, engine=engine)
    step_by_step = fit(plain, CONFIG, 7)
    np.testing.assert_allclose(losses(by_features), losses(step_by_step), rtol=1e-5)
    assert [array.shape for array in by_features.weights] == [array.shape for array in step_by_step.weights]
    for ours, theirs in zip(without_dropout.network.get_weights(), plain.network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_it_is_resumed_to_the_bit_and_its_states_are_those_of_the_whole_network() -> None:
    states: list[Checkpoint] = []
    setup = setup_of()
    fit(setup, CONFIG, 7, sink=CheckpointSink(states.append))
    assert all(len(state.weights) == len(setup.network.weights) == len(state.best_weights) for state in states)
    again = setup_of()
    last = fit(again, CONFIG, 7, resume_from=states[0])
    assert losses(last) == losses(states[-1])
    assert all(
        np.array_equal(*pair) for pair in zip(again.network.get_weights(), setup.network.get_weights(), strict=True)
    )


def test_it_is_resumed_with_the_frozen_weights_that_it_had_whatever_the_network_begins_with() -> None:
    states: list[Checkpoint] = []
    setup = setup_of()
    fit(setup, CONFIG, 7, sink=CheckpointSink(states.append))
    other = setup_of(seed=1)  # as where `training.initial_weights` names a run
    last = fit(other, CONFIG, 7, resume_from=states[0])
    assert losses(last) == losses(states[-1])
    assert all(
        np.array_equal(*pair) for pair in zip(other.network.get_weights(), setup.network.get_weights(), strict=True)
    )


def test_trainings_that_share_compiled_steps_have_features_of_their_own_weights() -> None:
    cache = TrainingCache()
    alone, shared = [], []
    trainable = tuple({**each, "frozen": False} if "frozen" in each else each for each in NETWORK)
    for seed, layers in ((0, NETWORK), (0, trainable), (1, NETWORK), (0, NETWORK)):
        alone.append(losses(fit(setup_of(layers, seed), CONFIG, 7)))
        setup = setup_of(layers, seed, cache_key="trainable" if layers is trainable else "frozen")
        shared.append(losses(fit(setup, CONFIG, 7, cache=cache)))
        # What is scored next is this network, whoever was trained before.
        outputs = cache.made("outputs", lambda network: network(pictures().x).numpy())
        np.testing.assert_allclose(outputs, setup.network(pictures().x), atol=1e-6)
    assert shared == alone
    assert alone[0] != alone[2]


@pytest.mark.parametrize(
    ("layers", "front"),
    [
        (NETWORK, ["conv2d_1", "batch_normalization_1", "conv2d_2"]),
        ((LAYERS[0], DROPOUT, *LAYERS[1:]), ["conv2d_1"]),
        (
            (LAYERS[0], {**DROPOUT, "rate": 0.0}, *LAYERS[1:]),
            ["conv2d_1", "dropout_1", *["batch_normalization_1", "conv2d_2", "flatten_1"]],
        ),
        (({"type": "RandomFlip"}, *LAYERS), None),
        (({**LAYERS[0], "frozen": False}, *LAYERS[1:]), None),
        (
            (
                {"type": "AveragePooling2D", "pool_size": 1},
                *({**each, "frozen": False} for each in LAYERS[:3]),
                *LAYERS[3:],
            ),
            None,
        ),
    ],
)
def test_the_front_ends_where_something_is_trained_or_drawn(
    layers: tuple[dict[str, Any], ...], front: list[str] | None
) -> None:
    found = frozen_front(setup_of(tuple({k: v for k, v in each.items() if v is not False} for each in layers)))
    names = None if found is None else [layer.name for layer in found.front.layers]
    assert names == front


def test_a_mean_that_moves_while_training_is_not_fixed_though_no_weight_is_trained() -> None:
    normalization = {"type": "BatchNormalization", "center": False, "scale": False}
    assert frozen_front(setup_of((normalization, *LAYERS))) is None
    found = frozen_front(setup_of(({**normalization, "frozen": True}, *LAYERS)))
    assert found is not None and len(found.front.layers) == 5


def test_there_is_none_where_rows_change_or_features_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert frozen_front(setup_of(fresh_noise=True)) is None
    assert frozen_front(setup_of(targets=Targets("reconstruction", INFO))) is None
    monkeypatch.setattr("deeplab.training.features.MOST_BYTES", 1000)
    assert frozen_front(setup_of()) is None
