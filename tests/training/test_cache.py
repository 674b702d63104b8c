"""Trainings that share compiled blocks are the trainings that do not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import BRANCHED

from deeplab.config.compose import ComposedConfig, compose
from deeplab.sweep.launch.worker import clean_up
from deeplab.training.block_model import BlockModel
from deeplab.training.cache import TrainingCache
from deeplab.workflows.train import RunResult, train

pytestmark = pytest.mark.slow

OVERRIDES = (
    *("dataset.limit=120", "dataset.image_size=8", "training.epochs=2", "training.engine=compiled"),
    *("optimizer=adam", "training.precision=float32", "tracking.plots=none", "tracking.save_model=none"),
)
DRAWING = (
    "[{type: Flatten},{type: GaussianNoise, stddev: 0.2},{type: Dense, units: 20, activation: relu},"
    "{type: Dropout, rate: 0.5},{type: Dense, units: num_classes, activation: softmax}]"
)


def composed(model: str, *more: str) -> ComposedConfig:
    return compose([*OVERRIDES, f"model={model}", *more])


def scores(result: RunResult) -> list[float]:
    names = ("train/loss", "val/loss", "val/accuracy")
    return [value for name in names for value in result.history.values(name)] + [result.scores["loss"]]


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("mlp_64_64", ()),
        ("cnn_dropout", ()),
        pytest.param("mlp_64_64", (f"model.layers={DRAWING}",), marks=pytest.mark.long),
        pytest.param("cnn", BRANCHED[1:], marks=pytest.mark.long),
    ],
)
def test_replicates_share_blocks_and_come_out_as_if_they_did_not(
    folder: Path, model: str, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[BlockModel] = []
    original = BlockModel.__init__

    def count(self: BlockModel, *arguments: object, **named: object) -> None:
        made.append(self)
        original(self, *arguments, **named)

    monkeypatch.setattr(BlockModel, "__init__", count)
    alone = [scores(train(composed(model, f"seed={seed}", *more))) for seed in (1, 2)]
    assert len(made) == 2
    cache = TrainingCache()
    together = []
    for seed in (1, 2, 1):
        together.append(scores(train(composed(model, f"seed={seed}", *more), cache=cache)))
        clean_up(cache)  # as a worker does between its trials
    assert len(made) == 3
    assert together == [alone[0], alone[1], alone[0]]
    assert alone[0] != alone[1]


SHARED = (["l2=0.1"], ["l2=0.2", "seed=3"], ["l2=0.2", "optimizer.learning_rate=0.01"])
APART = (["l2=0.1"], ["l2=null"], ["l2=0.1", "validation=random"], ["l2=0.1", "validation=random", "seed=5"])


@pytest.mark.parametrize("engine", ["compiled", pytest.param("keras", marks=pytest.mark.long)])
@pytest.mark.parametrize(("settings", "compiled"), [(SHARED, 1), (APART, 4)])
def test_trainings_that_differ_in_numbers_alone_are_compiled_once(
    folder: Path, settings: tuple[list[str], ...], compiled: int, engine: str
) -> None:
    cache = TrainingCache()
    keys = set()
    for more in settings:
        asked = composed("mlp_64_64", *more, f"training.engine={engine}")
        assert scores(train(asked, cache=cache)) == scores(train(asked))
        keys.add(cache._key)
    assert len(keys) == compiled


@pytest.mark.parametrize(
    ("engine", "precision"),
    [
        ("compiled", "float32"),
        pytest.param("compiled", "mixed_bfloat16", marks=pytest.mark.long),
        pytest.param("keras", "float32", marks=pytest.mark.long),
    ],
)
def test_rates_of_dropout_are_inputs_of_what_is_compiled(folder: Path, engine: str, precision: str) -> None:
    layers = (
        "[{{type: Conv2D, filters: 4, kernel_size: 3}},{{type: SpatialDropout2D, rate: {}, part: a}},"
        "{{type: Flatten, part: a}},{{type: Dropout, rate: {}}},"
        "{{type: Dense, units: num_classes, activation: softmax}}]"
    )
    cache = TrainingCache()
    made, keys = [], set()
    more = (f"training.engine={engine}", f"training.precision={precision}")
    for rates in ((0.1, 0.5), (0.3, 0.25), (0.3, 0.1), (0.3, 0)):
        asked = composed("mlp_64_64", f"model.layers={layers.format(*rates)}", *more)
        made.append(scores(train(asked, cache=cache)))
        keys.add(cache._key)
        assert made[-1] == scores(train(asked))
    assert len({tuple(each) for each in made}) == 4
    # A rate of 0 is another graph; in 16 bits XLA rounds a number that it knows otherwise than one that it is given.
    assert len(keys) == (2 if precision == "float32" else 4)
    apart = composed("mlp_64_64", f"model.layers={layers.format(0.1, 0.5)}", *more, "training.randomness=keras")
    made.append(scores(train(apart, cache=cache)))
    assert made[-1] == scores(train(apart))
    assert cache._key not in keys


def test_each_factor_of_a_network_is_its_own(folder: Path) -> None:
    layers = (
        "[{{type: Flatten}},{{type: Dense, units: 9, l2: {}}},"
        "{{type: Dense, units: num_classes, l2: {}, activation: softmax}}]"
    )
    cache = TrainingCache()
    made = []
    for factors in ((0.1, 0.01), (0.01, 0.1), (0.3, 0.3)):
        asked = composed("mlp_64_64", f"model.layers={layers.format(*factors)}")
        made.append(scores(train(asked, cache=cache)))
        assert made[-1] == scores(train(asked))
    assert len({tuple(each) for each in made}) == 3


def test_the_network_that_comes_out_is_the_one_that_was_given(folder: Path) -> None:
    from deeplab.training.fit import fit
    from deeplab.workflows.prepare import prepare

    cache = TrainingCache()
    networks = []
    for seed in (1, 2):
        config = composed("mlp_64_64", f"seed={seed}").config
        made = prepare(config, folder)
        done = fit(replace(made, cache_key="the same"), config.training, seed, cache=cache)
        assert all(np.array_equal(a, b) for a, b in zip(made.network.get_weights(), done.weights, strict=True))
        networks.append(made.network)
    assert not np.array_equal(networks[0].get_weights()[0], networks[1].get_weights()[0])
