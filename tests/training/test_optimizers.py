import math
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from numpy.typing import NDArray

from deeplab.config import schema
from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.training.optimizers import OPTIMIZERS, build_optimizer, build_schedule
from deeplab.workflows.prepare import prepare

STEPS, EPOCHS = 10, 4
CONSTANT = schema.ConstantConfig("constant")
TRAINING = replace(compose([]).config.training, epochs=EPOCHS)


def rate(config: schema.ScheduleConfig, step: int) -> float:
    schedule = build_schedule(config, 0.1, STEPS, EPOCHS)
    return schedule if isinstance(schedule, float) else float(schedule(step))


def test_every_kind_of_optimizer_is_in_the_table() -> None:
    classes = get_args(get_args(schema.OptimizerConfig)[0])
    assert {get_args(get_type_hints(cls)["kind"])[0] for cls in classes} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (schema.SGDConfig("sgd", 0.1, 0.9, True), {"momentum": 0.9, "nesterov": True}),
        (schema.RMSpropConfig("rmsprop", 0.1, 0.8, 0.1, 1e-14), {"rho": 0.8, "momentum": 0.1, "epsilon": 1e-14}),
        (schema.AdadeltaConfig("adadelta", 0.1, 0.7, 1e-6), {"rho": 0.7, "epsilon": 1e-6}),
        (schema.AdamConfig("adam", 0.1, 0.8, 0.99, 1e-8), {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-8}),
        (schema.AdamWConfig("adamw", 0.1, 0.8, 0.99, 0.02, 1e-8), {"beta_1": 0.8, "weight_decay": 0.02}),
        (schema.NadamConfig("nadam", 0.1, 0.8, 0.99, 1e-8), {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-8}),
        (schema.LionConfig("lion", 0.1, 0.8, 0.95, 0.02), {"beta_1": 0.8, "beta_2": 0.95, "weight_decay": 0.02}),
        (
            schema.AdafactorConfig("adafactor", 0.1, -0.7, 1e-20, 1e-2, 2.0, False),
            {
                "beta_2_decay": -0.7,
                "epsilon_1": 1e-20,
                "epsilon_2": 1e-2,
                "clip_threshold": 2.0,
                "relative_step": False,
            },
        ),
        (
            schema.MuonConfig("muon", 0.1, 0.9, False, 4, None, 0.02, 0.5, 0.8, 0.99, 0.03, 1e-8),
            {
                **{"momentum": 0.9, "nesterov": False, "ns_steps": 4, "rms_rate": None, "weight_decay": 0.02},
                **{"adam_lr_ratio": 0.5, "adam_beta_1": 0.8, "adam_beta_2": 0.99, "adam_weight_decay": 0.03},
                **{"epsilon": 1e-8, "exclude_layers": []},
            },
        ),
    ],
)
def test_optimizers_take_their_settings(config: schema.OptimizerConfig, expected: dict[str, object]) -> None:
    optimizer = build_optimizer(config, CONSTANT, TRAINING, STEPS)
    assert type(optimizer).__name__.lower() == config.kind
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert {key: optimizer.get_config()[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("key", "argument"),
    [("clip_norm", "clipnorm"), ("clip_global_norm", "global_clipnorm"), ("clip_value", "clipvalue")],
)
def test_every_optimizer_clips_accumulates_and_averages(key: str, argument: str) -> None:
    training = replace(TRAINING, **{key: 0.5}, accumulate=3, ema=0.9)
    given = {argument: 0.5, "gradient_accumulation_steps": 3, "use_ema": True, "ema_momentum": 0.9}
    others = {name: None for name in ("clipnorm", "global_clipnorm", "clipvalue") if name != argument}
    for kind in OPTIMIZERS:
        config = compose([f"optimizer={kind}"]).config.optimizer
        asked = build_optimizer(config, CONSTANT, training, STEPS).get_config()
        assert {name: asked[name] for name in (*given, *others)} == {**given, **others}, kind
        plain = build_optimizer(config, CONSTANT, TRAINING, STEPS).get_config()
        assert [plain[name] for name in (argument, "gradient_accumulation_steps", "use_ema")] == [None, None, False]


@pytest.mark.parametrize("overrides", [["model=mlp_64_64"], ["model=cnn"], ["model=autoencoder"]])
def test_muon_leaves_the_last_layer_and_what_is_no_matrix_to_adamw(overrides: list[str]) -> None:
    setup = prepare(compose(["dataset=digits", "dataset.limit=50", "optimizer=muon", *overrides]).config, Path())
    weights = setup.network.trainable_weights
    setup.optimizer.build(weights)
    by_adamw = [array is not None for array in setup.optimizer.adam_velocities]
    *_, last = [index for index, weight in enumerate(weights) if len(weight.shape) > 1]
    expected = [len(weight.shape) != 2 or index == last for index, weight in enumerate(weights)]
    assert by_adamw == expected
    assert expected.count(False) >= 1


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in ("sgd", "lion", "adafactor")])
def test_epsilon_is_that_of_keras_unless_it_is_given(kind: str) -> None:
    import keras

    default = getattr(keras.optimizers, OPTIMIZERS[kind])().epsilon
    assert compose([f"optimizer={kind}"]).config.optimizer.epsilon == default
    assert compose([f"optimizer={kind}", "optimizer.epsilon=1e-14"]).config.optimizer.epsilon == 1e-14


def test_a_small_epsilon_brings_rmsprop_close_to_the_one_before_keras_3() -> None:
    """One step from rest, by the rule of Keras up to 2.10: rate * g / (sqrt(v) + 1e-7), v = 0.1 g^2."""
    import keras

    gradients = np.array([1e-1, 1e-3, 1e-4], np.float32)
    old = 0.1 * gradients / (np.sqrt(0.1 * gradients**2) + 1e-7)

    def steps(epsilon: float) -> NDArray[np.float32]:
        config = schema.RMSpropConfig("rmsprop", 0.1, 0.9, 0.0, epsilon)
        weights = keras.Variable(np.zeros(3, np.float32))
        build_optimizer(config, CONSTANT, TRAINING, STEPS).apply([gradients], [weights])
        return -weights.numpy()

    assert steps(1e-14) == pytest.approx(old, rel=0.01)
    assert steps(1e-7)[2] < 0.2 * old[2]


def test_constant() -> None:
    assert rate(schema.ConstantConfig("constant"), 1000) == 0.1


def test_inverse_time_is_the_old_decay_of_keras() -> None:
    assert rate(schema.InverseTimeConfig("inverse_time", 0.5, 1), 6) == pytest.approx(0.1 / (1 + 0.5 * 6))


def test_exponential_falls_by_its_rate_in_its_epochs() -> None:
    config = schema.ExponentialConfig("exponential", 0.5, 2.0)
    assert rate(config, 20) == pytest.approx(0.05)
    assert rate(config, 10) == pytest.approx(0.1 * 0.5**0.5)


def test_cosine_warms_up_from_nothing_and_ends_at_its_factor() -> None:
    config = schema.CosineConfig("cosine", 1.0, 0.1)
    assert rate(config, 0) == 0
    assert rate(config, 5) == pytest.approx(0.05)
    assert rate(config, 10) == pytest.approx(0.1)
    halfway = 0.1 * (0.9 * 0.5 * (1 + math.cos(math.pi * 0.5)) + 0.1)
    assert rate(config, 25) == pytest.approx(halfway)
    assert rate(config, 40) == pytest.approx(0.01)


def test_cosine_without_warm_up_begins_at_the_top() -> None:
    assert rate(schema.CosineConfig("cosine", 0.0, 0.0), 0) == pytest.approx(0.1)


def test_a_warm_up_as_long_as_the_training_is_refused() -> None:
    with pytest.raises(UserError, match=r"must be less than training.epochs \(4\), got 4"):
        rate(schema.CosineConfig("cosine", 4.0, 0.0), 0)


def test_piecewise_changes_at_its_epochs() -> None:
    config = schema.PiecewiseConfig("piecewise", (1.0, 3.0), (1.0, 0.1, 0.01))
    assert [rate(config, step) for step in (0, 10, 11, 30, 31)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])
