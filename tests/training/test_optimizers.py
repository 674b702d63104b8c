import math
from typing import get_args, get_type_hints

import numpy as np
import pytest
from numpy.typing import NDArray

from deeplab.config import schema
from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.training.optimizers import OPTIMIZERS, build_optimizer, build_schedule

STEPS, EPOCHS = 10, 4


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
    ],
)
def test_optimizers_take_their_settings(config: schema.OptimizerConfig, expected: dict[str, object]) -> None:
    optimizer = build_optimizer(config, schema.ConstantConfig("constant"), STEPS, EPOCHS)
    assert type(optimizer).__name__.lower() == config.kind
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert {key: optimizer.get_config()[key] for key in expected} == expected


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind != "sgd"])
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
        build_optimizer(config, schema.ConstantConfig("constant"), STEPS, EPOCHS).apply([gradients], [weights])
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
