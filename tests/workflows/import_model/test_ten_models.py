"""Models that plain Keras wrote, of many forms: a network that says the same, or a line with the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from deeplab.models.inspect import layer_table

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
L = keras.layers


class Scaled(L.Layer):
    """A class of somebody's own; that its code is run is what must not happen."""

    def call(self, x: Any) -> Any:
        return 3 * x


def images() -> Any:
    return keras.Input((8, 8, 3), name="photo")


def ended(given: Any, values: Any) -> Any:
    values = L.GlobalAveragePooling2D()(values) if len(values.shape) > 2 else values
    return keras.Model(given, L.Dense(4, activation="softmax", name="says")(values))


def sequential() -> Any:
    inside = [L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(2), L.Flatten(), L.Dropout(0.3)]
    return keras.Sequential([images(), *inside, L.Dense(4, activation="softmax")])


def functional() -> Any:
    given = images()
    return ended(given, L.ReLU(max_value=6.0)(L.Conv2D(5, 3, padding="same")(given)))


def residual() -> Any:
    """Two residuals, joined by `Add` and by `+`, one with a projection; the input is used again at the end."""
    given = images()
    a = L.Rescaling(2.0, name="Twice.the-photo")(given)
    b = L.BatchNormalization(name="normal")(L.Conv2D(3, 3, padding="same", name="c")(a))
    a = L.Activation("relu", name="input")(L.Add()([b, a]))
    b = L.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(a)
    b = L.LayerNormalization(name="normal.")(L.Conv2D(6, 3, padding="same")(L.ReLU()(b)))
    a = L.ReLU(name="sum")(L.Conv2D(6, 1, strides=2, name="short")(a) + b)
    less = L.AveragePooling2D(2, name="less")(given)
    return ended(given, L.Concatenate(axis=3)([less, L.Subtract(name="minus")([a, b]), a]))


def u_net() -> Any:
    given = images()
    a = L.Conv2D(4, 3, padding="same", activation="relu")(given)
    b = L.Conv2D(6, 3, padding="same", activation="relu")(L.MaxPooling2D(2)(a))
    c = L.Concatenate()([a, L.UpSampling2D()(b)])
    return keras.Model(given, L.Conv2D(3, 1, activation="sigmoid")(L.SpatialDropout2D(0.2)(c)))


def shared() -> Any:
    given, layer = images(), L.Conv2D(3, 3, padding="same", name="twice")
    return ended(given, layer(layer(given)))


def two_inputs() -> Any:
    first, second = images(), keras.Input((2,))
    return ended([first, second], L.Concatenate()([L.Flatten()(first), second]))


def nested() -> Any:
    """A network in a network in a network, and one that branches in one that does not."""
    inner = keras.Sequential([L.Conv2D(3, 3, padding="same"), L.BatchNormalization()], name="inner")
    begin = keras.Input((8, 8, 3))
    outer = keras.Model(begin, L.Multiply()([inner(begin), begin]), name="outer")
    return keras.Sequential(
        [images(), outer, L.Flatten(), keras.Sequential([L.Dense(5, activation="tanh")]), L.Dense(4, "softmax")]
    )


def with_lambda() -> Any:
    given = images()
    return ended(given, L.Lambda(lambda x: x + 1, name="plus")(given))


def custom() -> Any:
    given = images()
    return ended(given, L.Add()([given, Scaled(name="mine")(given)]))


def two_outputs() -> Any:
    given = images()
    x = L.Flatten()(given)
    return keras.Model(given, [L.Dense(4, activation="softmax")(x), L.Dense(1)(x)])


def wordless() -> Any:
    given = images()
    x = L.Conv2D(4, 3, kernel_initializer=keras.initializers.Constant(0.5), kernel_constraint="max_norm")(given)
    x = L.Conv2D(4, 3, bias_regularizer="l2", kernel_regularizer=keras.regularizers.L2(1e-3))(x)
    return ended(given, L.Dense(3, activity_regularizer="l1", dtype="float64")(x))


def operations() -> Any:
    given = images()
    x = L.Conv2D(3, 3, padding="same")(given)
    return ended(given, L.Dropout(0.5)(keras.ops.sin(x), training=True) + 2.0 * given + L.Add()([x, x]))


MODELS: dict[str, tuple[Callable[[], Any], int | list[str]]] = {
    "sequential": (sequential, 5),
    "functional": (functional, 4),
    "residual": (residual, 17),
    "u_net": (u_net, 7),
    "nested": (nested, 6),
    "shared": (shared, ["layer 'twice' (Conv2D) is used 2 times; layers that are shared are not possible yet."]),
    "two_inputs": (two_inputs, ["has 2 inputs; a network in YAML has one."]),
    "with_lambda": (with_lambda, ["layer 'plus' (Lambda) holds code of its own, which a network in YAML never runs."]),
    "custom": (custom, ["test_ten_models is no layer of Keras; its code is not run."]),
    "two_outputs": (two_outputs, ["has 2 outputs; a network in YAML has one."]),
    "wordless": (
        wordless,
        [
            "(Conv2D).kernel_constraint=MaxNorm has no word: weights are not constrained.",
            "(Conv2D).bias_regularizer=L2 has no word: l1 and l2 of a kernel have.",
            "(Dense).activity_regularizer=L1 has no word: l1 and l2 of a kernel have.",
        ],
    ),
    "operations": (
        operations,
        [
            "(Multiply) takes something else than what one layer before it gives.",
            "(Add) takes what one layer gives twice; a `from` names each once.",
            "(Dropout) is called with training=True, for which there is no word.",
            "(Sin) is a function of keras.ops for which there is no layer.",
        ],
    ),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_a_model_becomes_a_network_that_says_the_same_or_a_line_with_the_reason(
    name: str, folder: Path, cli: Cli
) -> None:
    make, expected = MODELS[name]
    model = make()
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 0.9, weight.shape) for weight in model.get_weights()])
    model.save("theirs.keras")
    status, out, err = cli("import", "theirs.keras", "--out", "mine.yaml", "--weights")
    if isinstance(expected, list):
        assert (status, out, len(err.splitlines())) == (2, "", len(expected)), err
        assert all(line in err for line in expected), err
        assert not Path("mine.yaml").exists()
        return
    assert (status, err) == (0, "")
    (kept,) = Path("mlruns").rglob("model.keras")
    ours = keras.models.load_model(kept)
    assert len(layer_table(ours)) == expected
    rows = rng.uniform(0, 1, (16, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(ours.predict_on_batch(rows), model.predict_on_batch(rows), rtol=0, atol=1e-6)


def test_names_and_from_say_who_takes_what_where_it_is_not_the_layer_before(folder: Path, cli: Cli) -> None:
    Path("theirs.json").write_text(residual().to_json())
    assert cli("import", "theirs.json", "--out", "mine.yaml").status == 0
    assert Path("mine.yaml").read_text() == (
        "# Imported from theirs.json\nname: mine\ntask: classification\nlayers:\n"
        "  - {name: less, type: AveragePooling2D, pool_size: 2, strides: 2}\n"
        "  - {name: twice_the_photo, type: Rescaling, from: input, scale: 2.0}\n"
        "  - {type: Conv2D, filters: 3, kernel_size: 3, padding: same}\n"
        "  - {name: normal, type: BatchNormalization}\n"
        "  - {type: Add, from: [normal, twice_the_photo]}\n"
        "  - {name: input_2, type: Activation, activation: relu}\n"
        "  - {name: short, type: Conv2D, filters: 6, kernel_size: 1, strides: 2}\n"
        "  - {type: Conv2D, from: input_2, filters: 6, kernel_size: 3, strides: 2, padding: same, use_bias: false}\n"
        "  - {type: Activation, activation: relu}\n"
        "  - {type: Conv2D, filters: 6, kernel_size: 3, padding: same}\n"
        "  - {name: normal_2, type: LayerNormalization}\n"
        "  - {type: Add, from: [short, normal_2]}\n"
        "  - {name: sum, type: Activation, activation: relu}\n"
        "  - {name: minus, type: Subtract, from: [sum, normal_2]}\n"
        "  - {type: Concatenate, from: [less, minus, sum], axis: 3}\n"
        "  - {type: GlobalAveragePooling2D}\n"
        "  - {type: Dense, units: num_classes, activation: softmax}\n"
    )
